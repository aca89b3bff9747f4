// The other pages, who looks at them, and what holds for all of them.
import { readFile } from "node:fs/promises";
import { fake, seen, set } from "./fake.js";
import { assert, asks, base, check, come, param, query, row, show, until } from "./page.js";

const password = "yabba dabba"; // webtest.Password

check("the overview has those in trouble first, and leads to their events", async (page) => {
  await page.goto(base + "/");
  await page.locator("h1", { hasText: "7 servers, 2 in trouble" }).waitFor();
  const names = await page.locator("tbody th .name").allTextContents();
  assert.deepEqual(names.slice(0, 2), ["dino", "hoppy"]);
  await page.locator("tr", { hasText: "dino" }).getByText("connection refused").waitFor();
  await page.getByRole("button", { name: "Ask dino again" }).click();
  await page.locator("tr", { hasText: "dino" }).getByText(/^[0-9] s ago/).waitFor();
  await page.getByRole("button", { name: "give a password" }).press("Enter");
  await page.getByLabel("User", { exact: true }).fill("fred");
  await page.getByLabel("Password", { exact: true }).fill("bones");
  await page.keyboard.press("Enter");
  await page.locator(".said", { hasText: "hoppy is asked again" }).waitFor();
  const [given] = await seen("POST", "/v1/servers/hoppy/credential");
  assert.deepEqual(given.body, { user: "fred", password: "bones" });
  await page.locator("tr", { hasText: "wilma" }).getByRole("button").nth(1).click();
  await asks(page, "level<=2");
  assert.equal(param(page, "server"), "wilma");
  assert.equal(param(page, "since"), "24h");
  await page.goBack();
  await page.locator("h1", { hasText: "7 servers" }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("e");
  await page.waitForURL(base + "/events**");
  await page.keyboard.press("g");
  await page.keyboard.press("l");
  await page.waitForURL(base + "/logs**");
});

check("two hundred servers are searched by a part of their names, or by a group", async (page) => {
  await set({ more: 193 });
  await page.goto(base + "/");
  await page.locator("h1", { hasText: "200 servers, 2 in trouble" }).waitFor();
  assert.equal(await page.locator(".overview tbody tr").count(), 200);
  const find = page.getByLabel("Part of a name, or of a group with @");
  await find.fill("cave17");
  await page.locator(".find", { hasText: "10 of 200" }).waitFor();
  assert.equal(await page.locator(".overview tbody tr").count(), 10);
  await find.fill("@QUARRY");
  await page.locator(".find", { hasText: "4 of 200" }).waitFor();
  await find.fill("bedrock"); // the service itself, by the name of its computer
  await page.locator("tbody th .name", { hasText: /^BEDROCK$/ }).click();
  await page.waitForFunction(() => new URL(location.href).searchParams.get("server") === ".");
  await page.getByText("Servers: BEDROCK").waitFor();
});

check("5,000 events a second arrive, all of them, and what was dropped is said", async (page) => {
  const before = await fake();
  await page.goto(base + "/tail?q=fast");
  await page.locator(".live-state.on").waitFor();
  const came = async () => Number((await page.locator(".came").textContent()).replaceAll("\u202f", ""));
  await until(came, (n) => n > 20_000, 60_000);
  await set({ tail_stopped: true });
  const sent = await until(async () => [(await came()), (await fake()).tail_sent - before.tail_sent], ([a, b]) => a === b);
  const dropped = (await fake()).tail_dropped - before.tail_dropped;
  assert.equal(dropped, (sent[1] / 500) * 7);
  await page.locator(".dropped", { hasText: `${dropped.toLocaleString("en-US").replaceAll(",", "\u202f")} were dropped` }).waitFor();
  await page.locator(".state", { hasText: "the newest 20\u202f000 are held" }).waitFor();
  await page.locator(".state .bad", { hasText: "dino: connection refused" }).waitFor();
});

check("a tail to which nothing comes says so", async (page) => {
  await set({ tail_stopped: true });
  await page.goto(base + "/tail");
  await page.locator(".none", { hasText: "No event has come yet." }).waitFor();
  await set({ tail_stopped: false });
  await come(page, 0);
  assert.equal(await page.locator(".none").count(), 0);
});

check("the tail leaves in peace who has scrolled, or looks at an event", async (page) => {
  await page.goto(base + "/tail");
  await page.locator(".live-state.on").waitFor();
  await until(async () => Number((await page.locator(".came").textContent()).replaceAll("\u202f", "")), (n) => n > 2000);
  await page.locator(".grid").evaluate((g) => (g.scrollTop = 26 * 40));
  await page.locator(".fresh").waitFor();
  const text = () => page.locator(".grid-pane").evaluate((p) => [...p.querySelectorAll(".row:not([hidden])")].map((r) => r.ariaRowIndex + r.textContent).sort().join("\n"));
  const was = await text();
  await until(async () => Number((await page.locator(".fresh").textContent()).replace(/\D/g, "")), (n) => n > 22_000, 60_000); // more than are held
  assert.equal(await text(), was);
  await page.locator(".fresh").click();
  await page.locator(".fresh").waitFor({ state: "detached" });
  assert.notEqual(await text(), was);
  // By key: a row is chosen, and Escape goes on.
  await page.locator(".grid").focus();
  await page.keyboard.press("j");
  await page.locator("#detail-title").waitFor();
  await page.locator(".fresh").waitFor();
  const title = await page.locator(".detail-what").textContent();
  await until(async () => Number((await page.locator(".fresh").textContent()).replace(/\D/g, "")), (n) => n > 2000);
  assert.equal(await page.locator(".detail-what").textContent(), title);
  await page.keyboard.press("Escape");
  await page.locator(".detail").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Pause" }).click();
  await page.locator(".fresh").waitFor();
  await page.getByRole("button", { name: "Go on" }).press("Enter");
  await page.locator(".fresh").waitFor({ state: "detached" });
  // A value narrows the stream.
  await row(page, 0).locator(".server").click({ button: "right" });
  await page.getByRole("menuitem", { name: "Include" }).click();
  await page.waitForFunction(() => location.pathname === "/tail" && location.search.includes("server"));
  await until(fake, (s) => s.tails === 1);
});

check("who is let in by a provider is sent there, and comes back to what was looked at", { statuses: [401] }, async (page) => {
  await set({ stranger: true });
  await page.goto(base + "/events?q=x");
  const ways = page.waitForResponse(base + "/v1/login");
  await page.reload();
  await ways;
  await page.getByRole("button", { name: "Log in" }).waitFor();
  assert.equal(await page.getByRole("link").count(), 0); // where there is none
  await set({ provider: "Quarry & <b>Sons</b>" });
  const address = "/events?q=string.1%3A%22O'Hara%22&server=barney&since=24h&zone=utc";
  await page.goto(base + address);
  const link = page.getByRole("link", { name: "Log in by Quarry & <b>Sons</b>" });
  const to = new URL(await link.getAttribute("href"), base);
  assert.equal(to.origin + to.pathname, base + "/v1/session/oidc");
  const back = to.searchParams.get("return");
  assert.match(back, /^\/events\?[^\s"'<>`\\]+$/); // as api/server wants it
  assert.deepEqual([...new URL(back, base).searchParams].sort(), [...new URL(address, base).searchParams].sort());
  await link.focus();
  await Promise.all([page.waitForURL(base + back), page.keyboard.press("Enter")]);
  await come(page, 0);
  assert.equal(query(page), 'string.1:"O\'Hara"');

  // What is too long to come back to is not: the login is what counts.
  await set({ stranger: true });
  await page.goto(base + "/events?q=" + "x".repeat(1100));
  assert.equal(await page.getByRole("link", { name: "Log in by" }).getAttribute("href"), "/v1/session/oidc?return=%2F");
});

check("a session that ended: log in, and all is as it was", { statuses: [401] }, async (page) => {
  await show(page, "/events?q=x&since=24h");
  await row(page, 4).click();
  await page.locator("#detail-title").waitFor();
  const address = page.url();
  await set({ stranger: true });
  await page.keyboard.press("r"); // whatever is asked next
  await page.getByText("Your session has ended").waitFor();
  await page.getByLabel("User").fill("fred");
  await page.getByLabel("Password").fill("wrong");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("wrong user name or password").waitFor();
  assert.equal(await page.getByLabel("Password").inputValue(), "");
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
  await page.locator("#detail-title").getByText("7004").waitFor();
  assert.equal(page.url(), address);

  // In the middle of a tail the browser does not say why it ended.
  await page.goto(base + "/tail?q=y");
  await page.locator(".live-state.on").waitFor();
  await set({ stranger: true });
  await page.getByText("Your session has ended").waitFor();
  await page.getByLabel("User").fill("fred");
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.locator(".live-state.on").waitFor();
  assert.equal(new URL(page.url()).search, "?q=y");

  // Who logs out is a stranger.
  await page.getByText("BEDROCK\\fred").click();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Log in" }).waitFor();
  assert.equal(await page.getByText("Your session has ended").count(), 0);
});

check("logs are looked after by administrators", async (page) => {
  await page.goto(base + "/logs");
  const system = page.locator("main tbody tr", { hasText: "System" }).first();
  await system.getByRole("button", { name: "Set…" }).click();
  const form = page.locator("dialog[open]");
  await form.getByLabel("Max size in KiB").fill("2048");
  await form.getByLabel("When it is full").selectOption("days");
  await form.getByLabel("Days").fill("30");
  await form.getByRole("button", { name: "Set", exact: true }).click();
  await page.locator(".said", { hasText: "System is set" }).waitFor();
  assert.deepEqual((await seen("PATCH", "/v1/logs/System")).at(-1).body, { max_size: 2097152, retention: 2592000 });
  await system.getByRole("button", { name: "Clear…" }).press("Enter");
  await form.waitFor();
  assert.ok(await form.getByRole("button", { name: "Clear it" }).isDisabled());
  await form.getByLabel("Type the log's name").fill("System");
  await form.getByLabel("Backup at the server").fill("old.evt");
  await form.getByRole("button", { name: "Clear it" }).press("Enter");
  await page.locator(".said", { hasText: "System was cleared" }).waitFor();
  assert.deepEqual((await seen("POST", "/v1/logs/System/clear")).at(-1).body, { backup: "old.evt" });
  await system.getByRole("button", { name: "Clear…" }).click();
  await page.keyboard.press("Escape");
  await form.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "New log…" }).click();
  await form.getByLabel("Name").fill("Quarry");
  await page.keyboard.press("Enter");
  await page.locator("main tbody tr", { hasText: "Quarry" }).waitFor();
  const [copy] = await Promise.all([page.waitForEvent("download"), system.getByText("Copy").click()]);
  assert.equal(copy.suggestedFilename(), "System.evt");
  assert.equal(await readFile(await copy.path(), "latin1"), "LfLe");

  await set({ plain: true });
  await page.reload();
  await page.locator("main tbody tr", { hasText: "System" }).waitFor();
  assert.equal(await page.locator("main button").count(), 0);
});

check("who may not look at servers is told what he may do, on every page", { statuses: [403] }, async (page) => {
  await set({ plain: true, outsider: true });
  for (const path of ["/", "/events?q=x", "/tail", "/e/barney/System/100000000"]) {
    await page.goto(base + path);
    await page.locator("h1", { hasText: "Welcome, BEDROCK\\fred" }).waitFor();
    await page.locator("main p", { hasText: "ask an administrator" }).waitFor();
    assert.equal(await page.locator(".unreachable, .error, .bar").count(), 0);
    assert.deepEqual(await page.locator("nav a").allTextContents(), ["Logs"]);
  }
  await page.locator("main").getByRole("link").click();
  await page.locator("main tbody tr", { hasText: "System" }).waitFor();
  await set({ outsider: false }); // an administrator has made him one
  await page.reload();
  await page.getByRole("link", { name: "Overview" }).click();
  await page.locator("h1", { hasText: "7 servers" }).waitFor();
});

check("files are dropped on the page, or chosen", { statuses: [400] }, async (page) => {
  await page.goto(base + "/");
  await page.locator("h1").waitFor();
  const drop = (name, text) =>
    page.evaluate(
      ([name, text]) => {
        const dataTransfer = new DataTransfer();
        dataTransfer.items.add(new File([text], name));
        for (const type of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
      },
      [name, text],
    );
  await drop("hostile<b>.evt", "MZ");
  await page.locator(".said", { hasText: "hostile<b>.evt is no event log" }).waitFor();
  await drop("SysEvent.Evt", "0\0\0\0LfLe");
  await page.waitForURL("**/events?**");
  assert.deepEqual([param(page, "server"), param(page, "log"), param(page, "since")], ["file:1", "all", ""]);
  await until(async () => (await seen("POST", "/v1/results")).at(-1).body, (b) => JSON.stringify(b) === JSON.stringify({ servers: ["file:1"], logs: ["all"] }));
  await page.goto(base + "/");
  await page.locator("main input[type=file]").setInputFiles({ name: "System.evtx", mimeType: "", buffer: Buffer.from("0\0\0\0LfLe") });
  await page.waitForURL("**/events?**");
});

check("the help; single letters can be turned off", async (page) => {
  await show(page, "/events");
  await page.keyboard.press("?");
  const help = page.locator("dialog.help");
  await help.waitFor();
  await page.keyboard.press("j"); // no key of the page meanwhile
  await help.getByText("single letters and signs are keys").click();
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "hidden" });
  assert.equal(param(page, "key"), null);
  await page.keyboard.press("j");
  await page.keyboard.press("?");
  await page.keyboard.press("t");
  assert.equal(await help.isVisible(), false);
  assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, "/events");
  await page.reload(); // it is remembered
  await come(page, 0);
  await page.keyboard.press("t");
  await page.locator(".grid").focus();
  await page.keyboard.press("ArrowDown"); // arrows are no letters
  await page.locator("#detail-title").waitFor();
  await page.getByRole("button", { name: "Help and keys" }).click();
  await help.getByText("single letters and signs are keys").click();
  await help.getByRole("link", { name: "their licences" }).waitFor();
  await help.getByRole("button", { name: "Close" }).click();
  await page.keyboard.press("t");
  await page.waitForURL("**/tail");
});

check("times in the zone that is chosen", { context: { timezoneId: "America/New_York" } }, async (page) => {
  await show(page, "/events");
  const time = async () => Date.parse((await row(page, 0).locator(".time").textContent()).replace(" ", "T") + "Z");
  const local = await time();
  await page.getByLabel("Time zone").selectOption("utc");
  const utc = await until(time, (t) => t !== local);
  assert.ok([4, 5].includes((utc - local) / 3600e3));
  assert.equal(param(page, "zone"), "utc");
  await page.getByLabel("Time zone").selectOption({ label: "Asia/Kathmandu, as at BEDROCK" });
  await until(time, (t) => t - utc === 5.75 * 3600e3);
  await page.reload();
  await until(time, (t) => t - utc === 5.75 * 3600e3);
  await show(page, "/events?zone=Mars%2FBase");
  await until(time, (t) => t === local);
});

check("addresses that are wrong or hostile", { statuses: [400, 404, 410] }, async (page) => {
  for (const path of ["/e/a/b", "/e/%E0%A4/b/1", "/e/a/b/-1", "/e/a/b/<script>window.caught=1</script>"]) {
    await page.goto(base + path);
    await page.getByText("There is no event at this address").waitFor();
  }
  await page.goto(base + "/e/barney/System/13");
  await page.getByRole("alert").getByText("the log was cleared since").waitFor();
  await page.goto(base + "/e/barney/System/12345"); // not of barney
  await page.getByRole("alert").getByText("there is no such record").waitFor();
  await page.goto(base + "/e/~/System/100000000"); // of the service itself
  await page.locator("#detail-title").getByText("7000").waitFor();
  await page.getByRole("button", { name: "Older event" }).click();
  await page.locator("#detail-title").getByText("7001").waitFor();
  await page.keyboard.press("k");
  await page.locator("#detail-title").getByText("7000").waitFor();
  await page.goBack();
  await page.locator("#detail-title").getByText("7001").waitFor();
  for (const search of ["?key=nobody", "?since=%00&until=x", "?server=%3Cimg%20src%3Dx%3E&log=..%2F..&q=%22", "?zone=__proto__", "?q=" + "x".repeat(3000)]) await show(page, "/events" + search);
  await page.goto(base + "/login");
  await page.locator("h1").waitFor();
});

check("a telephone", { context: { viewport: { width: 390, height: 800 }, hasTouch: true, isMobile: true } }, async (page) => {
  const fits = async (what) => {
    const width = await page.evaluate(() => document.scrollingElement.scrollWidth);
    assert.ok(width <= 390, `${what} is ${width} wide`);
  };
  for (const path of ["/", "/logs", "/tail", "/e/barney/System/100000000"]) {
    await page.goto(base + path);
    await page.locator("main :is(h1, h2, .grid)").first().waitFor();
    await fits(path);
  }
  await show(page, "/events");
  await fits("events");
  for (const menu of ["Servers: all", "Views", "Export"]) {
    await page.getByText(menu).tap();
    const box = await page.locator(".menu[open] .drop").boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= 390, menu);
    await page.getByText(menu).tap();
  }
  const [first, second] = [await row(page, 0).boundingBox(), await row(page, 1).boundingBox()];
  assert.equal(Math.round(second.y - first.y), Math.round(first.height)); // a row is as high as the table takes it to be
  const message = await row(page, 0).locator(".message").boundingBox();
  assert.ok(message.width > 300 && message.y > (await row(page, 0).locator(".time").boundingBox()).y, "a message has a line of its own");
  await row(page, 1).tap();
  await page.locator("#detail-title").getByText("7001").waitFor();
  await fits("an event");
  await page.getByRole("button", { name: "Older event" }).tap();
  await page.locator("#detail-title").getByText("7002").waitFor();
  await page.getByRole("button", { name: "Close" }).tap();
  await page.getByRole("button", { name: "Values" }).tap();
  await page.getByRole("button", { name: "Exclude source Crusher" }).tap();
  await asks(page, "-source:Crusher");
});

for (const colorScheme of ["light", "dark"]) {
  check(`axe finds nothing, ${colorScheme}`, { context: { colorScheme }, statuses: [400, 401, 403] }, async (page) => {
    const axe = await readFile(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
    const look = async (what) => {
      await page.evaluate(axe + ";0");
      const found = await page.evaluate(async () => (await window.axe.run({ resultTypes: ["violations"] })).violations.flatMap((v) => v.nodes.map((n) => `${v.id}: ${n.html.slice(0, 160)} ${n.failureSummary}`)));
      assert.deepEqual(found, [], what);
    };
    await page.goto(base + "/");
    await page.locator("h1").waitFor();
    await look("overview");
    await show(page, "/events?q=gone%20-id%3A5");
    await page.locator(".facets details").first().waitFor();
    await look("events");
    await row(page, 4).click();
    for (const tab of ["Message", "Fields", "XML", "JSON", "Hex"]) {
      await page.getByRole("tab", { name: tab }).click();
      await look(tab);
    }
    await row(page, 3).locator(".message").click({ button: "right" });
    await page.getByRole("menu").waitFor();
    await look("menu of a value");
    await page.keyboard.press("Escape");
    await page.getByText("Views").click();
    await look("views");
    await page.getByText("4 of 5 servers").click();
    await look("servers");
    await page.keyboard.press("Escape");
    await page.locator("#search").fill("levle s");
    await page.keyboard.press("Enter");
    await page.locator("#search-error").waitFor();
    await look("a wrong query");
    await page.getByRole("button", { name: "Help and keys" }).click();
    await look("help");
    await set({ tail_stopped: true });
    await page.goto(base + "/tail");
    await page.locator(".live-state.on").waitFor();
    await look("tail");
    await page.goto(base + "/logs");
    await page.locator("main tbody tr").first().waitFor();
    await look("logs");
    await page.getByRole("button", { name: "Clear…" }).first().click();
    await look("clear");
    await page.goto(base + "/e/~/System/100000000");
    await page.locator("#detail-title").waitFor();
    await look("one");
    await set({ plain: true, outsider: true });
    await page.goto(base + "/");
    await page.locator("h1", { hasText: "Welcome" }).waitFor();
    await look("who may not look");
    await set({ stranger: true, provider: "Quarry" });
    await page.reload();
    await page.getByRole("link", { name: "Log in by Quarry" }).waitFor();
    await look("login");
  });
}
