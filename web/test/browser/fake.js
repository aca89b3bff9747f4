// The made-up API (web/webtest): how it behaves, and what it was asked.
import assert from "node:assert/strict";
import { beforeEach } from "node:test";
import { base } from "./page.js";

/** fake tells the API how to behave, or asks what it has seen. */
export async function fake(method = "GET", path = "/fake", body) {
  const r = await fetch(base + path, { method, body: body && JSON.stringify(body) });
  assert.ok(r.ok, `${method} ${path}: ${r.status}`);
  const text = await r.text();
  return text ? JSON.parse(text) : null;
}

export const set = (knobs) => fake("PUT", "/fake", knobs);
const usual = { rows: 5_000_000, calm: false, stranger: false, provider: "", plain: false, outsider: false, tail_stopped: false, unwell: false, more: 0 };
beforeEach(() => set(usual));

/** seen are the requests that changed something. */
export const seen = async (method, part) => (await fake()).requests.filter((r) => r.method === method && r.path.includes(part));
