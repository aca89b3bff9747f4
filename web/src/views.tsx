// Views with a name: some that everybody has, and those that were kept here.
import { useEffect, useState } from "preact/hooks";
import { call, get, why, type View as Named } from "./api.ts";
import { input } from "./form.ts";
import { Menu } from "./menu.tsx";
import { say } from "./state.ts";
import { visible } from "./text.ts";
import { go, view } from "./view.ts";

export function Views() {
  const [all, setAll] = useState<Named[]>([]);
  const load = () => get<{ views: Named[] }>("/v1/views").then((a) => setAll(a.views ?? []), () => undefined); // the menu stays empty
  useEffect(() => void load(), []);
  const keep = async (title: string) => {
    const v = view.value;
    const name = title.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
    if (!name) return say("A view wants a name of letters or digits.");
    try {
      await call("PUT", `/v1/views/${encodeURIComponent(name)}`, { title, query: v.q, servers: v.servers, logs: v.logs, range: v.until ? "" : v.since });
      say(`Kept as ${title}.`);
      await load();
    } catch (e) {
      say(why(e));
    }
  };
  const drop = async (n: Named) => {
    try {
      await call("DELETE", `/v1/views/${encodeURIComponent(n.name)}`);
      await load();
    } catch (e) {
      say(why(e));
    }
  };
  const keepForm = (e: SubmitEvent) => {
    e.preventDefault();
    const title = input(e.currentTarget as HTMLFormElement, "title");
    void keep(title.value.trim());
    title.value = "";
  };
  return (
    <Menu label="Views" class="views">
      {(close) => (
        <>
          {all.map((n) => (
            <div key={n.name} class="line">
              <button
                class="link"
                onClick={() => {
                  close();
                  go({ page: "events", q: n.query, servers: n.servers ?? [], logs: n.logs ?? [], since: n.range || view.value.since, until: "", key: "" });
                }}
              >
                {visible(n.title || n.name)}
              </button>
              {n.builtin ? null : (
                <button aria-label={`Delete the view ${visible(n.title || n.name)}`} onClick={() => void drop(n)}>
                  ×
                </button>
              )}
            </div>
          ))}
          <form onSubmit={keepForm}>
            <label>
              <span class="small dim">Keep this view as</span>
              <input name="title" autocomplete="off" maxLength={100} />
            </label>
            <button type="submit">Keep</button>
          </form>
        </>
      )}
    </Menu>
  );
}
