// The page of netelf itself: four servers of `netelf demo --web`, which have a new event
// each every three seconds.
import { readFile } from "node:fs/promises";
import { assert, base, check, come, row, show, until } from "./page.js";

const servers = ["barney", "betty", "fred", "wilma"];

/** enter comes with the token, and goes on to an address. */
async function enter(page, path) {
  await page.goto(process.env.NETELF_PAGE);
  await page.locator("h1").waitFor();
  if (path !== "/") await show(page, path);
}

/** whole waits until all servers are counted, and is how many events there are. */
async function whole(page) {
  await page.locator(".state .asked", { hasText: "4 of 4 servers" }).waitFor();
  await page.waitForFunction(() => !document.querySelector(".state").textContent.includes("so far"));
  return number(await page.locator(".state b").first().textContent());
}

const number = (text) => Number(text.replace(/\D/g, ""));

/** cells are what stands in a column, of the rows that are drawn. */
const cells = (page, name) => page.locator(`.grid-pane .row:not([hidden]) .${name}`).allTextContents();

check("four servers are well, and their logs are known", async (page) => {
  await enter(page, "/");
  await page.locator("h1", { hasText: "4 servers, all well" }).waitFor();
  await until(() => page.locator("tbody .state-word").allTextContents(), (all) => all.length === 4 && all.every((s) => s.endsWith(" ok")));
  assert.deepEqual(await page.locator("tbody th .name").allTextContents().then((all) => all.sort()), servers);
  await until(() => page.locator("tbody .logsizes").allTextContents(), (all) => all.every((s) => s.includes("System")));
  const asked = page.waitForResponse(base + "/v1/servers/wilma/refresh");
  await page.getByRole("button", { name: "Ask wilma again" }).click();
  assert.equal((await asked).status(), 202);
});

check("events come with their text; a value and a search change the rows; Back undoes", async (page) => {
  await enter(page, "/events?since=");
  const all = await whole(page);
  const messages = await until(() => cells(page, "message"), (m) => m.length > 10 && m.every((s) => s && s !== "…"));
  assert.ok(messages.some((m) => m.length > 30), messages.join("\n"));
  await page.locator(".facets li", { hasText: "barney" }).first().locator(".value").click({ position: { x: 20, y: 10 } });
  await page.locator(".chip", { hasText: "server:barney" }).waitFor();
  await until(() => cells(page, "server"), (s) => s.length > 5 && s.every((n) => n === "barney"));
  const one = await whole(page);
  assert.ok(one > 0 && one < all, `${one} of ${all}`);
  await page.locator("#search").fill("server:barney level:error");
  await page.keyboard.press("Enter");
  await until(() => cells(page, "level"), (l) => l.length > 0 && l.every((s) => /error/i.test(s)));
  const errors = await whole(page);
  assert.ok(errors > 0 && errors < one, `${errors} of ${one}`);
  await page.goBack();
  await until(() => whole(page), (n) => n >= one);
});

check("an event has its text, its fields, its XML and its bytes, or says that there are none", async (page) => {
  await enter(page, "/events?since=");
  await whole(page);
  await row(page, 0).click();
  await page.locator("#detail-title").waitFor();
  const id = await row(page, 0).locator(".id").textContent();
  await page.locator("#detail-title", { hasText: id }).waitFor();
  await page.getByRole("tab", { name: "XML" }).click();
  await page.locator(".detail", { hasText: "<Event" }).waitFor();
  await page.getByRole("tab", { name: "JSON" }).click();
  await page.locator(".detail", { hasText: `"id": ${id}` }).waitFor();
  await page.getByRole("tab", { name: "Hex" }).click();
  const bytes = page.locator(".hex .bytes", { hasText: "4c 66 4c 65" }); // the signature of a record
  await bytes.or(page.getByText("The bytes of this record are not to be had from this server.")).first().waitFor();
});

check("who keeps no logs offers none to look after", async (page) => {
  await enter(page, "/");
  await page.locator("h1", { hasText: "4 servers" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "Logs", exact: true }).count(), 0);
  await page.goto(base + "/logs");
  await page.getByText("keeps none of its own").waitFor();
  assert.equal(await page.getByRole("button", { name: "New log…" }).count(), 0);
});

check("views are counted", async (page) => {
  await enter(page, "/events?since=24h");
  await page.getByText("Views").click();
  const shown = () => page.locator(".views .line .count").allTextContents();
  const counted = await until(shown, (all) => all.length >= 5 && all.every((s) => /^\d+$/.test(s)));
  await page.locator(".views .line button", { hasText: "Starts and ends of the event log" }).click();
  assert.ok((await whole(page)) >= number(counted[2]), counted.join());
});

check("events come while one looks", async (page) => {
  await enter(page, "/");
  await page.goto(base + "/tail");
  await page.locator(".live-state.on").waitFor();
  await until(async () => number(await page.locator(".came").textContent()), (n) => n > 0);
  await come(page, 0);
  assert.ok(servers.includes(await row(page, 0).locator(".server").textContent()));
});

check("an export has as many lines as the page has events", async (page) => {
  await enter(page, "/events?since=");
  const all = await whole(page);
  assert.ok(all > 50);
  await page.getByText("Export").click();
  const [file] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "JSON" }).click()]);
  const lines = (await readFile(await file.path(), "utf8")).trimEnd().split("\n").map((l) => JSON.parse(l));
  assert.equal(lines.length, all);
  assert.deepEqual([...new Set(lines.map((e) => e.server))].sort(), servers);
});

check("a view is kept, used and deleted", async (page) => {
  await enter(page, "/events?q=level%3Aerror&server=fred&since=");
  const kept = page.getByRole("button", { name: "Errors of fred", exact: true });
  await page.getByText("Views").click();
  await page.getByLabel("Keep this view as").fill("Errors of fred");
  await page.keyboard.press("Enter");
  await kept.waitFor();
  await show(page, "/events");
  await page.getByText("Views").click();
  await kept.click();
  await page.waitForFunction(() => new URL(location.href).searchParams.get("q") === "level:error");
  await until(() => cells(page, "server"), (s) => s.length > 0 && s.every((n) => n === "fred"));
  await page.getByText("Views").click();
  await page.getByRole("button", { name: "Delete the view Errors of fred" }).click();
  await kept.waitFor({ state: "detached" });
  await page.reload();
  await page.getByText("Views").click();
  await page.locator(".views .line").first().waitFor(); // those that everybody has
  assert.equal(await kept.count(), 0);
});
