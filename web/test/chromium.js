// What tests and measurements of the page have in common: one Chromium, and how it draws.
import { chromium } from "playwright-core";

export const launch = () =>
  chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });

/** steps scrolls through the table, and is how long each frame took, in milliseconds and in order. */
export const steps = (page, n) =>
  page.locator(".grid").evaluate(async (g, n) => {
    const all = [];
    let before = performance.now();
    for (let i = 0; i < n; i++) {
      g.scrollTop += 700;
      await new Promise(requestAnimationFrame);
      const now = performance.now();
      all.push(now - before);
      before = now;
    }
    return all.sort((a, b) => a - b);
  }, n);
