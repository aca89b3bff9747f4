// What several parts of the page look at.
import { computed, signal } from "@preact/signals";
import type { About, Servers } from "./api.ts";

export const about = signal<About | null>(null);
export const servers = signal<Servers | null>(null);
export const facetsShown = signal(innerWidth > 1000);
export const helpShown = signal(false);

/** administrator says whether the caller may change things; the server asks again. */
export const administrator = computed(() => about.value?.caller.administrator ?? false);

/** looks says whether the caller may look at servers and their events; the server has the say. */
export const looks = signal(true);

/** keepsLogs says whether the service has logs of its own; who may not look at servers is not told. */
export const keepsLogs = computed(() => servers.value?.servers.some((s) => s.name === ".") ?? true);

/** unreachable is why the service cannot be asked; "": it can. */
export const unreachable = signal("");

/** isSent says whether a server is a file that somebody has sent, which nobody asks again. */
export const isSent = (s: { name: string }) => s.name.startsWith("file:");

/** called is what a server is called; the service itself, which is ".", has the name of its computer. */
export function called(server: string): string {
  return server === "." ? about.value?.computer || "this service" : server;
}

/** onlyFiles says whether all servers are files and folders, as for netelf view. */
export const onlyFiles = computed(() => {
  const all = servers.value?.servers ?? [];
  return all.length > 0 && all.every((s) => s.kind === "file");
});

/** said is a word to the user that goes away by itself. */
export const said = signal("");
let timer = 0;
export function say(text: string): void {
  said.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (said.value = ""), 4000);
}

// What the browser keeps of the page, where it keeps anything.
function kept(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
function keep(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // it lasts as long as the page
  }
}

/** lettersOn: single letters are keys, unless the user turned them off. */
export const lettersOn = signal(kept("letters") !== "off");
export function turnLetters(on: boolean): void {
  lettersOn.value = on;
  keep("letters", on ? "on" : "off");
}

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];
const asSystem = matchMedia("(prefers-color-scheme: dark)");
const systemDark = signal(asSystem.matches);
asSystem.addEventListener("change", () => (systemDark.value = asSystem.matches));
export const theme = signal<Theme>(themes.find((t) => t === kept("theme")) ?? "system");
/** dark is what is worn. */
export const dark = computed(() => theme.value === "dark" || (theme.value === "system" && systemDark.value));
export function wear(t: Theme): void {
  theme.value = t;
  keep("theme", t);
  document.documentElement.dataset["theme"] = t;
}
wear(theme.value);
