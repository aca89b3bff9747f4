// How fast the page is: printed as JSON for go run ./bench page.
import { launch, steps } from "./chromium.js";

const base = process.env.NETELF_PAGE;
const browser = await launch();
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const rows = ".grid-pane .row:not([data-level=none]) .message:not(:empty)";
  const firsts = [];
  for (let i = 0; i < 5; i++) {
    await page.goto(base + "/events", { waitUntil: "commit" });
    await page.waitForSelector(rows);
    firsts.push(await page.evaluate(() => performance.now()));
  }
  const frames = await steps(page, 300);
  await page.locator(".grid").focus();
  const begin = performance.now();
  await page.keyboard.press("End");
  await page.waitForSelector('.row[aria-selected="true"]:not([data-level=none]) .message:not(:empty)');
  const last = performance.now() - begin;
  firsts.sort((a, b) => a - b);
  console.log(JSON.stringify({ first: firsts[2], p50: frames[150], p95: frames[285], last }));
} finally {
  await browser.close();
}
