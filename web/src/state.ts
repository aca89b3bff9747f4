// What several parts of the page look at.
import { signal } from "@preact/signals";
import type { About, Servers } from "./api.ts";

export const about = signal<About | null>(null);
export const servers = signal<Servers | null>(null);
export const facetsShown = signal(innerWidth > 1000);
export const helpShown = signal(false);

/** said is a word to the user that goes away by itself. */
export const said = signal("");
let timer = 0;
export function say(text: string): void {
  said.value = text;
  clearTimeout(timer);
  timer = setTimeout(() => (said.value = ""), 4000);
}

/** keys are on unless the user turned single letters off. */
export const lettersOn = signal(localStorage.getItem("letters") !== "off");
export function turnLetters(on: boolean): void {
  lettersOn.value = on;
  localStorage.setItem("letters", on ? "on" : "off");
}

export type Theme = "system" | "dark" | "light";
export const theme = signal<Theme>((localStorage.getItem("theme") as Theme | null) ?? "system");
export function wear(t: Theme): void {
  theme.value = t;
  localStorage.setItem("theme", t);
  document.documentElement.dataset["theme"] = t;
}
wear(theme.value);
