// How fast the page is: printed as JSON for go run ./bench page.
import { chromium } from "playwright-core";

const base = process.env.NETELF_PAGE;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 } });
  const rows = ".grid-pane .row .message:not(:empty)";
  const firsts = [];
  for (let i = 0; i < 5; i++) {
    await page.goto(base + "/events", { waitUntil: "commit" });
    await page.waitForSelector(rows);
    firsts.push(await page.evaluate(() => performance.now()));
  }
  const frames = await page.locator(".grid").evaluate(async (g) => {
    const all = [];
    let before = performance.now();
    for (let i = 0; i < 300; i++) {
      g.scrollTop += 700;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      all.push(now - before);
      before = now;
    }
    return all;
  });
  await page.locator(".grid").focus();
  const begin = performance.now();
  await page.keyboard.press("End");
  await page.waitForSelector('.row[aria-selected="true"] .message:not(:empty)');
  const last = performance.now() - begin;
  for (const list of [firsts, frames]) list.sort((a, b) => a - b);
  console.log(JSON.stringify({ first: firsts[2], p50: frames[150], p95: frames[285], last }));
} finally {
  await browser.close();
}
