// What the tests in a browser have in common: one Chromium, a new page a test, and a
// watch over everything that a page must never do.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

export { assert };

/** base is where the made-up API and the page are (web/webtest). */
export const base = process.env.NETELF_PAGE;
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
});
after(() => browser?.close());

/** fake tells the API how to behave, or asks what it has seen. */
export async function fake(method = "GET", path = "/fake", body) {
  const r = await fetch(base + path, { method, body: body && JSON.stringify(body) });
  assert.equal(r.status, 200);
  const text = await r.text();
  return text ? JSON.parse(text) : null;
}

export const set = (knobs) => fake("PUT", "/fake", knobs);
const usual = { rows: 5_000_000, calm: false, stranger: false, plain: false, tail_stopped: false, unwell: false };

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
    await set(usual);
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
  await page.waitForSelector(".grid-pane .row .message:not(:empty)");
}

/** row is the row of a rank. */
export const row = (page, rank) => page.locator(`.grid-pane .row[aria-rowindex="${rank + 2}"]`);

/** query is what is asked for in the page's address. */
export const query = (page) => new URL(page.url()).searchParams.get("q") ?? "";
export const param = (page, name) => new URL(page.url()).searchParams.get(name);

/** asks waits until the address asks for something. */
export const asks = (page, q) => page.waitForFunction((q) => (new URL(location.href).searchParams.get("q") ?? "") === q, q);

/** seen are the requests that changed something since the first n. */
export const seen = async (method, part) => (await fake()).requests.filter((r) => r.method === method && r.path.includes(part));
