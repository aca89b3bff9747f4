// The list of events: rows, filters, the picture of times, search.
import { steps } from "../chromium.js";
import { fake, seen, set } from "./fake.js";
import { assert, asks, base, check, come, param, query, row, show, until } from "./page.js";

const chosen = (page) => page.locator('.grid-pane .row[aria-selected="true"]');
const title = (page) => page.locator("#detail-title");

check("a row is opened by mouse, others by keys; Back closes it", async (page) => {
  await show(page, "/events");
  await row(page, 1).click();
  await title(page).getByText("7001").waitFor();
  assert.equal(param(page, "key"), "k1");
  await page.keyboard.press("j");
  await title(page).getByText("7002").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("k");
  await title(page).getByText("7002").waitFor();
  await page.waitForFunction(() => location.search.includes("key=k2"));
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "detail-title");
  await page.goBack();
  await page.locator(".detail").waitFor({ state: "detached" });
  assert.equal(param(page, "key"), null);
  await page.goForward();
  await title(page).getByText("7002").waitFor();
  await page.reload();
  await title(page).getByText("7002").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".detail").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.className), "grid");
});

check("five million rows are scrolled to the last: by key, by the bar, by the wheel", async (page) => {
  await show(page, "/events");
  const last = row(page, 4_999_999);
  const grid = page.locator(".grid");
  await grid.focus();
  await page.keyboard.press("End");
  await last.locator(".message:not(:empty)").waitFor();
  assert.equal(await last.getAttribute("aria-selected"), "true");
  assert.equal(await grid.getAttribute("aria-rowcount"), "5000001");
  await page.waitForFunction(() => location.search.includes("key=k4999999"));
  const seenWhole = await page.evaluate(() => {
    const r = document.querySelector('.row[aria-selected="true"]').getBoundingClientRect();
    const g = document.querySelector(".grid").getBoundingClientRect();
    return r.bottom <= g.bottom + 1 && r.top >= g.top;
  });
  assert.ok(seenWhole);
  await page.keyboard.press("PageUp");
  await page.keyboard.press("Home");
  await row(page, 0).and(chosen(page)).waitFor();
  await page.keyboard.press("Escape");
  await grid.evaluate((g) => (g.scrollTop = g.scrollHeight));
  await last.locator(".message:not(:empty)").waitFor();

  // From the middle a wheel goes on by pixels, and back by as many.
  await grid.evaluate((g) => (g.scrollTop = g.scrollHeight / 2));
  const first = () =>
    page.evaluate(() => {
      const top = document.querySelector(".grid-head").getBoundingClientRect().bottom;
      const rows = [...document.querySelectorAll(".grid-pane .row:not([hidden])")].filter((r) => r.getBoundingClientRect().top >= top - 1);
      return Math.min(...rows.map((r) => Number(r.ariaRowIndex)));
    });
  const middle = await until(first, (n) => n > 2_400_000 && n < 2_600_000);
  await grid.hover();
  await page.mouse.wheel(0, 26 * 40);
  await until(first, (n) => n === middle + 40);
  await page.mouse.wheel(0, -26 * 90);
  await until(first, (n) => n === middle - 50);
});

check("frames of 300 steps through five million rows", async (page) => {
  await show(page, "/events");
  const times = await steps(page, 300);
  assert.equal(times.length, 300);
  console.log(`frames of 300 steps: p50 ${times[150].toFixed(1)} ms, p95 ${times[285].toFixed(1)} ms, most ${times[299].toFixed(1)} ms`);
});

check("a value is included, excluded, the only one, copied; chips take filters away; Back undoes", async (page) => {
  await show(page, "/events");
  const facet = page.locator(".facets li", { hasText: "Crusher" });
  await facet.locator(".value").click({ position: { x: 20, y: 10 } });
  await asks(page, "source:Crusher");
  await page.locator(".chip", { hasText: "source:Crusher" }).waitFor();
  await facet.hover();
  await facet.getByRole("button", { name: "Exclude source Crusher" }).click();
  await asks(page, "-source:Crusher");
  const manager = page.locator(".facets li", { hasText: "Service Control Manager" });
  await manager.locator(".value").focus(); // by key
  await page.keyboard.press("Enter");
  await asks(page, '-source:Crusher source:"Service Control Manager"');
  await facet.getByRole("button", { name: "Only source Crusher" }).focus();
  await page.keyboard.press("Enter");
  await asks(page, "source:Crusher");
  await facet.getByRole("button", { name: "Copy source Crusher" }).focus();
  await page.keyboard.press("Enter");
  await until(() => page.evaluate(() => navigator.clipboard.readText()), (t) => t === "Crusher");
  await page.goBack();
  await asks(page, '-source:Crusher source:"Service Control Manager"');
  await page.getByRole("button", { name: "Remove -source:Crusher" }).click();
  await asks(page, 'source:"Service Control Manager"');
  await page.getByRole("button", { name: "Remove source" }).focus();
  await page.keyboard.press("Enter");
  await asks(page, "");
  await page.locator(".chip").waitFor({ state: "detached" });
  // One field more, and its end.
  await page.getByPlaceholder("TargetUserName").fill("IpAddress");
  await page.keyboard.press("Enter");
  await page.locator(".facets summary", { hasText: "data.IpAddress" }).waitFor();
  await page.getByRole("button", { name: "no longer count data.IpAddress" }).click();
  await page.locator(".facets summary", { hasText: "data.IpAddress" }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "the rarest" }).click();
  await page.locator(".facets li", { hasText: "4740" }).waitFor();
});

check("a cell has a menu: by mouse and by key", async (page) => {
  await show(page, "/events");
  await row(page, 1).locator(".source").click({ button: "right" });
  await page.getByRole("menu").waitFor();
  await page.getByRole("menuitem", { name: "Exclude" }).click();
  await asks(page, "-source:Crusher");
  await row(page, 1).locator(".time").click({ button: "right" });
  await page.getByRole("menuitem", { name: "From then on" }).click();
  await page.waitForFunction(() => /^20.*Z$/.test(new URL(location.href).searchParams.get("since") ?? ""));
  await page.goBack();
  await come(page, 0);

  await page.locator(".grid").focus();
  await page.keyboard.press("ArrowDown");
  await row(page, 0).and(chosen(page)).waitFor();
  for (const _ of "123") await page.keyboard.press("ArrowRight"); // time, level, server
  await row(page, 0).locator(".cell.server.at").waitFor();
  const active = await page.locator(".grid").getAttribute("aria-activedescendant");
  assert.equal(await page.evaluate((id) => document.getElementById(id).textContent, active), "barney");
  await page.keyboard.press("x");
  await asks(page, "-source:Crusher server:barney");
  await come(page, 0);
  await page.keyboard.press("ArrowDown");
  await row(page, 0).and(chosen(page)).waitFor();
  for (const _ of "12") await page.keyboard.press("ArrowRight");
  await row(page, 0).locator(".cell.level.at").waitFor();
  await page.keyboard.press("X");
  await asks(page, "-source:Crusher server:barney -level:information");
  await come(page, 0);
  await page.keyboard.press("ArrowDown");
  await row(page, 0).and(chosen(page)).waitFor();
  for (const _ of "123") await page.keyboard.press("ArrowRight");
  await row(page, 0).locator(".cell.server.at").waitFor();
  await page.keyboard.press(".");
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Escape");
  await page.getByRole("menu").waitFor({ state: "detached" });
  assert.equal(await page.evaluate(() => document.activeElement.className), "grid");
  await page.keyboard.press(".");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await asks(page, "server:barney");
  // The letters of an event's source and id.
  await come(page, 0);
  await page.keyboard.press("ArrowDown");
  await row(page, 0).and(chosen(page)).waitFor();
  await page.keyboard.press("I");
  await asks(page, "server:barney -id:7000");
});

check("a hostile value becomes a filter and stays text", async (page) => {
  await show(page, "/events");
  await row(page, 3).locator(".message").click({ button: "right" });
  await page.getByRole("menu").waitFor();
  await page.keyboard.press("Escape");
  await row(page, 3).click();
  for (const tab of ["Fields", "XML", "JSON", "Hex", "Message"]) {
    await page.getByRole("tab", { name: tab }).click();
    await page.locator(`#tabpanel[aria-labelledby="tab-${tab}"]`).waitFor();
  }
  const texts = await page.evaluate(() => document.body.innerText);
  assert.ok(texts.includes("<script>window.caught = 1</script>") && texts.includes("\\x1b[31m") && texts.includes("\\u202egnp.exe"));
  assert.ok(!/[\u001b\u202a-\u202e\u2066-\u2069]/.test(texts), "something hides in the page");
  assert.equal(await page.locator("#app script, #app img").count(), 0);
  await page.keyboard.press("s");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("q")?.includes("<script>"));
  await page.locator(".chip", { hasText: "<script>" }).waitFor();
});

check("the picture of times is zoomed by mouse and by keys; Back undoes", async (page) => {
  await show(page, "/events");
  const plot = page.locator(".plot");
  await page.waitForFunction(() => /information/.test(document.querySelector(".plot").getAttribute("aria-label")));
  const box = await plot.locator(".u-over").boundingBox();
  await page.mouse.move(box.x + box.width * 0.25, box.y + 30);
  await page.locator(".histogram-note", { hasText: "information" }).waitFor(); // of the bar under the mouse
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 30, { steps: 5 });
  await page.mouse.up();
  await page.waitForFunction(() => new URL(location.href).searchParams.has("until"));
  const hours = () => (Date.parse(param(page, "until")) - Date.parse(param(page, "since"))) / 3600e3;
  assert.ok(Math.abs(hours() - 2) < 0.2, `${hours()} hours of 8`);
  await page.goBack();
  await page.waitForFunction(() => !new URL(location.href).searchParams.has("until"));
  for (const [key, want] of [["+", 4], ["-", 16], ["ArrowLeft", 8], ["ArrowRight", 8]]) {
    await page.waitForFunction(() => /information/.test(document.querySelector(".plot").getAttribute("aria-label")));
    await plot.focus();
    await page.keyboard.press(key);
    await page.waitForFunction(() => new URL(location.href).searchParams.has("until"));
    assert.ok(Math.abs(hours() - want) < 0.2, `${key}: ${hours()} hours`);
    await page.goBack();
    await page.waitForFunction(() => !new URL(location.href).searchParams.has("until"));
  }
  await page.locator(".range select").selectOption("24h");
  assert.equal(param(page, "since"), "24h");
});

check("a result grows while it is looked at, and rows keep their place", async (page) => {
  await show(page, "/events?q=slowly");
  await page.locator(".state", { hasText: "so far" }).waitFor();
  await page.locator(".histogram-note", { hasText: "counting" }).waitFor();
  const label = () => page.locator(".plot").getAttribute("aria-label");
  const before = await until(label, (l) => l.includes("information"));

  // Who looks at the newest sees what is newer.
  const top = await row(page, 0).locator(".id").textContent();
  await fake("POST", "/fake/grow", { rows: 7 });
  await until(() => row(page, 0).locator(".id").textContent(), (t) => t !== top);

  // Who has scrolled away keeps what is looked at, at the same pixel.
  await page.locator(".grid").evaluate((g) => (g.scrollTop = 26 * 300));
  await row(page, 305).locator(".id:not(:empty)").waitFor();
  await row(page, 305).click();
  await title(page).waitFor();
  const held = () =>
    page.evaluate(() => {
      const r = document.querySelector('.grid-pane .row[aria-selected="true"]:not([hidden])');
      return r && { id: r.querySelector(".id").textContent, message: r.querySelector(".message").textContent, y: Math.round(r.getBoundingClientRect().top), rank: Number(r.ariaRowIndex) - 2 };
    });
  const was = await held();
  assert.equal(was.rank, 305);
  for (const rows of [500, 1, 2000]) {
    const { rank } = await held();
    await fake("POST", "/fake/grow", { rows });
    const now = await until(held, (h) => h?.rank === rank + rows && h.message !== "…");
    assert.deepEqual({ ...now, rank: 0 }, { ...was, rank: 0 });
  }
  const key = param(page, "key");
  await page.keyboard.press("j");
  await page.waitForFunction((k) => new URL(location.href).searchParams.get("key") !== k, key);
  assert.equal(param(page, "key"), `k${Number(key.slice(1)) + 1}`); // the next older one

  // What is chosen and out of sight stays what it is, and draws nobody back.
  await page.locator(".grid").evaluate((g) => (g.scrollTop = 26 * 3300));
  await row(page, 3305).locator(".id:not(:empty)").waitFor();
  const [shown, seen] = [await title(page).textContent(), await row(page, 3305).textContent()];
  await fake("POST", "/fake/grow", { rows: 40 });
  await until(() => row(page, 3345).textContent(), (t) => t === seen);
  assert.equal(await title(page).textContent(), shown);
  await fake("POST", "/fake/grow", { rows: 3, done: true });
  await until(() => row(page, 3348).textContent(), (t) => t === seen);
  assert.equal(await title(page).textContent(), shown);
  await until(label, (l) => l !== before && l.includes("information"));
  await page.waitForFunction(() => !document.querySelector(".state").textContent.includes("so far"));
  await page.locator(".histogram-note", { hasText: "counting" }).waitFor({ state: "detached" }).catch(() => undefined);
  assert.equal(await page.locator(".histogram-note", { hasText: "counting" }).count(), 0);
});

check("results that nobody looks at any more are given up", async (page) => {
  const others = (await fake()).open; // of tests that were ended
  const open = async () => (await fake()).open.filter((id) => !others.includes(id));
  await show(page, "/events");
  for (const q of ["a", "b", "c"]) {
    await page.locator("#search").fill(q);
    await page.keyboard.press("Enter");
    await asks(page, q);
  }
  await until(open, (all) => all.length === 1);
  await page.locator("nav").getByText("Logs").click();
  await until(open, (all) => all.length === 0);
  await show(page, "/events");
  await page.goto(base + "/logs");
  await until(open, (all) => all.length === 0);
});

check("search completes fields and values, by key and by mouse", async (page) => {
  await show(page, "/events");
  await page.locator(".facets details").first().waitFor();
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "search");
  await page.keyboard.type("so");
  await page.getByRole("option", { name: "source:" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.getElementById("search").value === "source:");
  await page.getByRole("option", { name: "Service Control Manager" }).click();
  await page.waitForFunction(() => document.getElementById("search").value === 'source:"Service Control Manager"');
  await page.keyboard.press("Enter");
  await asks(page, 'source:"Service Control Manager"');
  await page.locator("#search").fill("source:Cru");
  await page.getByRole("option", { name: "Crusher" }).waitFor();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Tab");
  await page.waitForFunction(() => document.getElementById("search").value === "source:Crusher");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Escape");
  assert.notEqual(await page.evaluate(() => document.activeElement.id), "search");
});

check("what is wrong in a query is marked at its place", { statuses: [400] }, async (page) => {
  await show(page, "/events");
  await page.locator("#search").fill("ü levle:2");
  await page.locator("#search-error mark").waitFor(); // while it is written
  await page.keyboard.press("Enter");
  await asks(page, "ü levle:2");
  await page.locator('#search-error[role="alert"]').waitFor();
  assert.equal(await page.locator("#search-error mark").textContent(), "levle");
  assert.match(await page.locator("#search-error").textContent(), /did you mean level/);
  assert.equal(await page.locator("#search").getAttribute("aria-invalid"), "true");
});

check("servers that are dead or slow are named; rows that are gone say so; nothing is nothing", async (page) => {
  await show(page, "/events?q=gone");
  await page.locator(".state .bad", { hasText: "dino: connection refused" }).waitFor();
  await page.locator('.grid-pane .row[data-level="gone"]', { hasText: "the log was cleared since <script>" }).first().waitFor();
  await row(page, 2).click();
  await title(page).getByText("This event is gone").waitFor();
  await page.getByText("4 of 5 servers").click();
  await page.locator(".asked tr", { hasText: "dino" }).getByText("connection refused").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".asked .drop").waitFor({ state: "detached" });
  await show(page, "/events?q=slowly");
  await page.getByText("3 of 5 servers").click();
  await page.locator(".asked tr", { hasText: "barney" }).getByText("…").waitFor();
  await page.goto(base + "/events?q=none");
  await page.locator(".state", { hasText: "0 events" }).waitFor();
  await page.locator('.plot[aria-label="no events"]').waitFor();
  await page.locator(".none", { hasText: "No event matches this search at this time, as far as it could be read." }).waitFor();
  await page.getByRole("button", { name: "Look at all times" }).press("Enter");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("since") === "");
  await page.getByRole("button", { name: "Clear the search" }).click();
  await come(page, 0);
  assert.equal(await page.locator(".none").count(), 0);
});

check("an API that is away for a while is waited for", { statuses: [503] }, async (page) => {
  await show(page, "/events?q=slowly");
  await set({ unwell: true });
  await fake("POST", "/fake/grow", { rows: 1 });
  await page.locator(".error", { hasText: "the quarry is closed" }).waitFor();
  await set({ unwell: false });
  await page.locator(".error", { hasText: "the quarry is closed" }).waitFor({ state: "detached" });
  await fake("POST", "/fake/grow", { rows: 1, done: true });
  await page.waitForFunction(() => document.querySelector(".state")?.textContent.includes("1\u202f002 events"));
});

check("an API that is away at first is asked again", { statuses: [503] }, async (page) => {
  await set({ unwell: true });
  await page.goto(base + "/events");
  await page.locator(".unreachable", { hasText: "the quarry is closed" }).waitFor();
  await set({ unwell: false });
  await come(page, 0);
  await page.locator(".unreachable").waitFor({ state: "detached" });
  assert.equal(await page.locator(".error").count(), 0);
});

check("a result that has ended meanwhile is asked for again", { statuses: [404] }, async (page) => {
  await set({ calm: true });
  await show(page, "/events");
  await row(page, 3).click();
  const before = (await fake()).open;
  assert.equal(before.length, 1);
  const later = (s) => page.clock.setFixedTime(Date.now() + s * 1000);
  await later(6); // a younger one is not
  await fake("DELETE", `/v1/results/${before[0]}`);
  await page.locator(".grid").evaluate((g) => (g.scrollTop = 26 * 3000));
  const [next] = (await until(fake, (s) => s.open.length === 1 && s.open[0] !== before[0])).open;
  await row(page, 3).and(chosen(page)).waitFor(); // what was looked at still is
  await title(page).getByText("7003").waitFor();
  await later(60);
  await fake("DELETE", `/v1/results/${next}`);
  await page.locator(".grid").focus();
  await page.keyboard.press("End"); // nobody knows which event that was
  await until(fake, (s) => s.open.length === 1 && s.open[0] !== next);
  await title(page).getByText("7003").waitFor(); // nor stays anything behind of it
  await row(page, 3).and(chosen(page)).waitFor();
  assert.equal(await page.locator(".error").count(), 0);
});

check("the values of a field are one stop of Tab, and arrows and keys do the rest", async (page) => {
  await show(page, "/events");
  const value = (text) => page.locator(".facets .value", { hasText: text }).first();
  await value("barney").waitFor();
  assert.equal(await page.locator(".facets ul").first().locator('[tabindex="0"]').count(), 1);
  assert.equal(await page.locator(".facets .actions button:not([tabindex='-1'])").count(), 0);
  const names = await page.locator(".facets ul").first().locator(".what").allTextContents();
  await value(names[0]).focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await page.keyboard.press("ArrowUp");
  assert.equal(await page.evaluate(() => document.activeElement.querySelector(".what").textContent), names.at(-2));
  await page.keyboard.press(".");
  await page.getByRole("menuitem", { name: "Exclude" }).waitFor();
  await page.keyboard.press("Escape");
  assert.equal(await page.evaluate(() => document.activeElement.querySelector(".what").textContent), names.at(-2));
  await page.keyboard.press("X");
  await asks(page, `-server:${names.at(-2)}`);
  await value("Crusher").focus();
  await page.keyboard.press("o");
  await asks(page, "source:Crusher");
  await value("warning").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Include" }).click();
  await asks(page, "source:Crusher level:warning");
});

check("strings of an event without a text have their names, in the table and in the event", async (page) => {
  const named = (e) => Object.assign(e, { message: undefined, message_by: "not found", strings: ["fred", "3", "-"], names: ["TargetUserName", "LogonType", ""] });
  await page.route("**/rows?*", async (route) => {
    const answer = await route.fetch();
    const rows = await answer.json();
    for (const r of rows.rows) named(r.event);
    await route.fulfill({ response: answer, json: rows });
  });
  await page.route("**/records/*", async (route) => {
    const answer = await route.fetch();
    const one = await answer.json();
    await route.fulfill({ response: answer, json: { ...one, event: named(one.event) } });
  });
  await show(page, "/events");
  assert.equal(await row(page, 1).locator(".message").textContent(), "TargetUserName=fred, LogonType=3, -");
  await row(page, 1).click();
  await page.locator(".detail .message", { hasText: /^TargetUserName=fred, LogonType=3, -$/ }).waitFor();
  await page.locator(".detail", { hasText: "No message file for this source and id is known" }).waitFor();
});

check("what is around an event, and a link to it", async (page) => {
  await show(page, "/events?q=x");
  await row(page, 5).click();
  await title(page).waitFor();
  await page.keyboard.press("c");
  await page.waitForFunction(() => new URL(location.href).searchParams.get("server") === "betty");
  await row(page, 5).and(chosen(page)).waitFor();
  assert.equal(param(page, "key"), "k5");
  assert.equal(query(page), "");
  await page.goBack();
  await asks(page, "x");
  await title(page).getByText("7005").waitFor();
  await page.getByRole("button", { name: "Around it, all servers" }).click();
  await page.waitForFunction(() => new URL(location.href).searchParams.has("until"));
  assert.equal(param(page, "server"), null);
  await title(page).getByText("7005").waitFor();
  await page.keyboard.press("y");
  const link = await until(() => page.evaluate(() => navigator.clipboard.readText()), (t) => t.includes("/e/betty/"));
  await page.goto(link);
  await title(page).getByText("7005").waitFor();
  await page.getByRole("tab", { name: "Hex" }).focus();
  await page.getByRole("tab", { name: "Hex" }).click();
  await page.locator(".hex .bytes span", { hasText: "4c 66 4c 65" }).hover();
  await page.locator(".hex-field b", { hasText: "Reserved" }).waitFor();
  await page.locator(".hex tr.lit", { hasText: "Reserved" }).waitFor();
  await page.mouse.move(5, 5);
  await page.locator(".hex-bytes").focus();
  await page.keyboard.press("ArrowRight");
  await page.locator(".hex-field b", { hasText: "Length" }).waitFor();
  await page.keyboard.press("ArrowDown");
  await page.locator(".hex-field b", { hasText: "TimeWritten" }).waitFor();
  await page.getByRole("tab", { name: "Hex" }).focus();
  await page.keyboard.press("ArrowLeft");
  await page.locator('[role=tab][aria-selected=true]', { hasText: "JSON" }).waitFor();
  await page.getByRole("button", { name: "Copy JSON" }).click();
  await until(() => page.evaluate(() => navigator.clipboard.readText()), (t) => t.startsWith("{") && JSON.parse(t).id === 7005);
});

check("views are kept, used and deleted", async (page) => {
  await show(page, "/events?q=source%3ACrusher&since=24h");
  await page.getByText("Views").click();
  await page.getByLabel("Keep this view as").fill("Broken belts");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Broken belts", exact: true }).waitFor();
  const [put] = await seen("PUT", "/v1/views/broken-belts");
  assert.deepEqual(put.body, { title: "Broken belts", query: "source:Crusher", servers: [], logs: [], range: "24h" });
  await page.getByRole("button", { name: "Lockouts" }).click();
  await asks(page, "id:4740,644");
  assert.equal(param(page, "log"), "Security");
  await page.getByText("Views").press("Enter");
  await page.getByRole("button", { name: "Broken belts", exact: true }).press("Enter");
  await asks(page, "source:Crusher");
  await page.getByText("Views").click();
  await page.getByRole("button", { name: "Delete the view Broken belts" }).click();
  await page.getByRole("button", { name: "Broken belts", exact: true }).waitFor({ state: "detached" });
});

check("the events of views are counted while their menu is open, and no longer", async (page) => {
  await set({ calm: true });
  await fake("PUT", "/v1/views/belts", { title: "Belts", query: "slowly" });
  await show(page, "/events");
  const own = (await fake()).open;
  await page.getByText("Views").click();
  const line = (title) => page.locator(".views .line", { hasText: title }).locator(".count");
  await line("Belts").getByText("1\u202f000…").waitFor();
  await fake("POST", "/fake/grow", { rows: 7 });
  await line("Belts").getByText("1\u202f007…").waitFor();
  await page.keyboard.press("Escape");
  await until(fake, (s) => s.open.every((id) => own.includes(id)));
  await page.getByText("Views").click();
  await line("Belts").getByText("1\u202f000…").waitFor();
  await fake("POST", "/fake/grow", { rows: 0, done: true });
  await line("Lockouts").getByText("≥ 5\u202f000\u202f000").waitFor(); // dino is dead
  await until(fake, (s) => s.open.every((id) => own.includes(id)));
  await fake("DELETE", "/v1/views/belts");
});

check("a view has what was counted of it in eight seconds", async (page) => {
  await page.clock.install();
  await set({ calm: true });
  await fake("PUT", "/v1/views/belts", { title: "Belts", query: "slowly" });
  await show(page, "/events");
  await page.getByText("Views").click();
  const line = (title) => page.locator(".views .line", { hasText: title }).locator(".count");
  await line("Belts").getByText("1\u202f000…").waitFor();
  await page.clock.fastForward(8000); // nothing comes meanwhile
  await line("Belts").getByText("≥ 1\u202f000").waitFor({ timeout: 10_000 });
  await line("Lockouts").getByText("≥ 5\u202f000\u202f000").waitFor();
  await fake("DELETE", "/v1/views/belts");
});

check("what is filtered is exported, and an export is cancelled", async (page) => {
  await set({ rows: 200 });
  await show(page, "/events");
  const before = await fake();
  await page.getByText("Export").click();
  const [small] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "CSV" }).click()]);
  assert.equal(small.suggestedFilename(), "events.csv");
  await small.path();
  assert.equal((await until(fake, (s) => s.exports_whole > before.exports_whole)).exports_canceled, before.exports_canceled);
  await set({ rows: 5_000_000 });
  await page.getByRole("button", { name: "Again" }).click();
  await page.locator(".state", { hasText: "5\u202f000\u202f000" }).waitFor();
  await page.getByText("Export").press("Enter");
  const [large] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "JSON" }).press("Enter")]);
  await large.cancel();
  await until(fake, (s) => s.exports_canceled === before.exports_canceled + 1);
});
