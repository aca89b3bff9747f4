// What the tests in a browser have in common: one Chromium, a new page a test, and a
// watch over everything that a page must never do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch } from "../chromium.js";

export { assert };

/** base is where the page is: of the made-up API (web/webtest), or of netelf itself. */
export const base = new URL(process.env.NETELF_PAGE).origin;

let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());

/** until waits for what is not on the page. */
export async function until(what, holds, most = 30_000) {
  const end = Date.now() + most;
  for (;;) {
    const v = await what();
    if (holds(v)) return v;
    if (Date.now() > end) assert.fail(`it never came: the last was ${JSON.stringify(v)}`);
    await new Promise((r) => setTimeout(r, 25));
  }
}

/**
 * check is a test of a page. Whatever the page complains of fails it, but for the
 * statuses that options.statuses names, which the browser complains of by itself.
 */
export function check(name, options, f) {
  if (typeof options === "function") [options, f] = [{}, options];
  test(name, { timeout: 120_000 }, async () => {
    const context = await browser.newContext({
      viewport: { width: 1400, height: 900 }, timezoneId: "UTC", reducedMotion: "reduce", permissions: ["clipboard-read", "clipboard-write"], ...options.context,
    });
    context.setDefaultTimeout(30_000);
    const complaints = [];
    await context.addInitScript(() => {
      addEventListener("securitypolicyviolation", (e) => console.error(`policy: ${e.violatedDirective} ${e.blockedURI} ${e.sample}`));
    });
    const page = await context.newPage();
    page.on("console", (m) => {
      if (m.type() !== "error" && m.type() !== "warning") return;
      if (options.statuses?.some((s) => m.text().includes(`status of ${s}`))) return;
      complaints.push(m.text());
    });
    page.on("pageerror", (e) => complaints.push(`${e.message}\n${e.stack}`));
    page.on("dialog", (d) => (complaints.push("dialog: " + d.message()), d.dismiss()));
    page.on("request", (r) => {
      if (!r.url().startsWith(base + "/") && !r.url().startsWith("data:")) complaints.push("asks elsewhere: " + r.url());
    });
    try {
      await f(page, context);
      assert.equal(await page.evaluate(() => window.caught), undefined, "a script of an event has run");
      assert.deepEqual(complaints, []);
    } catch (e) {
      if (process.env.NETELF_SHOT) await page.screenshot({ path: process.env.NETELF_SHOT }).catch(() => undefined);
      throw complaints.length ? new Error(`${e.message}\nthe page complained: ${complaints.join("\n")}`, { cause: e }) : e;
    } finally {
      await context.close();
    }
  });
}

/** show goes to an address and waits for its first rows. */
export async function show(page, path) {
  await page.goto(base + path);
  await page.waitForSelector(".grid-pane .row:not([data-level=none]) .message:not(:empty)");
}

/** row is the row of a rank. */
export const row = (page, rank) => page.locator(`.grid-pane .row[aria-rowindex="${rank + 2}"]`);

/** come waits until the event of a row has come. */
export const come = (page, rank) => page.locator(`.grid-pane .row[aria-rowindex="${rank + 2}"]:not([data-level=none]) .message:not(:empty)`).waitFor();

/** query is what is asked for in the page's address. */
export const query = (page) => new URL(page.url()).searchParams.get("q") ?? "";
export const param = (page, name) => new URL(page.url()).searchParams.get(name);

/** asks waits until the address asks for something. */
export const asks = (page, q) => page.waitForFunction((q) => (new URL(location.href).searchParams.get("q") ?? "") === q, q);
