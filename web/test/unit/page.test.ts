import "./dom.ts";
import assert from "node:assert/strict";
import test from "node:test";
import { dataField, excluding, including, isSmall, quote, term, without, words } from "../../src/ask.ts";
import { owners, runs } from "../../src/hex.tsx";
import { usual } from "../../src/events.tsx";
import { stacked, told, zoomed } from "../../src/histogram.tsx";
import { isAudit, kind } from "../../src/level.ts";
import { Ring } from "../../src/ring.ts";
import { barOf, maxHeight, positionOf } from "../../src/scroll.ts";
import { bytesTo, place } from "../../src/search.tsx";
import { word } from "../../src/overview.tsx";
import { said } from "../../src/table.tsx";
import { count, indented, oneLine, size, tail, visible } from "../../src/text.ts";
import { ago, at, known, lasting, named, precise, since } from "../../src/time.ts";
import { format, parse, serverPart, type View } from "../../src/view.ts";
import { counts, number } from "../../src/views.tsx";

test("words are the parts that must all hold", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["  a   b ", ["a", "b"]],
    ['source:"Service Control Manager" -id:7', ['source:"Service Control Manager"', "-id:7"]],
    ['"a ""b"" c" d', ['"a ""b"" c"', "d"]],
    ["(id:1 or id:2) x", ["(id:1 or id:2)", "x"]],
    ["id:1 or id:2", ["id:1 or id:2"]],
    ["a and not b", ["a", "not b"]],
    ["not not b", ["not not b"]],
    ['"never closed', ['"never closed']],
    ["((open", ["((open"]],
    ["a) b", ["a)", "b"]],
  ];
  for (const [q, want] of cases) assert.deepEqual(words(q), want, q);
});

test("quote writes any value as one", () => {
  for (const [value, want] of [["dc1", "dc1"], ["", '""'], ["a b", '"a b"'], ['say "x"', '"say ""x"""'], ["dc*", '"dc*"'], ["a,b", '"a,b"'], ["1..2", '"1..2"'], ["a:b", '"a:b"'], ["Grüße", "Grüße"]]) {
    assert.equal(quote(value!), want);
    assert.deepEqual(words(quote(value!)), [want]); // it stays one word
  }
  assert.equal(term("level", "log always"), "level:log-always");
  assert.equal(term("source", "a b"), 'source:"a b"');
  assert.equal(dataField("IpAddress"), "data.IpAddress");
  assert.equal(dataField("two words"), 'data."two words"');
});

test("including and excluding take each other back", () => {
  assert.equal(including("", "id", "7"), "id:7");
  assert.equal(including("a -id:7", "id", "7"), "a id:7");
  assert.equal(excluding("id:7 a", "id", "7"), "a -id:7");
  assert.equal(excluding("a -id:7", "id", "7"), "a -id:7");
  assert.equal(including("a or b", "id", "7"), "(a or b) id:7");
  assert.equal(including("id:7 or id:8", "id", "7"), "(id:7 or id:8) id:7");
  assert.equal(without("a b c", 1), "a c");
});

test("the language of a query is seen by how it begins", () => {
  for (const q of ["", "a", "event", "*.exe", "Event7"]) assert.equal(isSmall(q), true, q);
  for (const q of ["*[System]", " <QueryList>", "Event[System]", "Event/System", "*"]) assert.equal(isSmall(q), false, q);
});

test("what hides in a text is seen", () => {
  const cases: [string, string][] = [
    ["\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"],
    ["\u202egnp.exe\u202c", "\\u202egnp.exe\\u202c"],
    ["a\u200bb\ufeffc\u00add", "a\\u200bb\\ufeffc\\xadd"],
    ["tag\u{e0041}", "tag\\U000e0041"],
    ["half \ud800 pair \udc00", "half \\ud800 pair \\udc00"],
    ["a\r\nb\rc\x00", "a\nb\\x0dc\\x00"],
    ["Grüße 日本 😀\tok\n", "Grüße 日本 😀\tok\n"],
    ["<b>&amp;", "<b>&amp;"],
  ];
  for (const [text, want] of cases) assert.equal(visible(text), want);
  assert.equal(oneLine("a\r\n\r\n b\tc"), "a · b c");
});

test("of a long path its end is seen", () => {
  assert.equal(tail("/mnt/evidence/case-17/dc1/System.evtx"), "…/dc1/System.evtx");
  assert.equal(tail("C:\\evidence\\case-17\\System.evtx"), "…/case-17/System.evtx");
  for (const whole of ["", "System", "/mnt/System.evt", "Microsoft-Windows-CAPI2/Operational", "a/b/c/d/e/f/g/h/i/j/k/l"]) assert.equal(tail(whole), whole);
});

test("XML has a line for each element", () => {
  assert.equal(
    indented(`<Event a='>'><System><Id Q="1">10</Id><Correlation/><Empty></Empty></System> <Data Name='x'>a\nb</Data>more<b/></Event>`),
    `<Event a='>'>\n  <System>\n    <Id Q="1">10</Id>\n    <Correlation/>\n    <Empty></Empty>\n  </System>\n  <Data Name='x'>a\nb</Data>\n  more\n  <b/>\n</Event>`,
  );
  for (const none of ["", "text", "a < b", "</x></y>", "<", '<a b="'] as const) assert.equal(indented(none).replaceAll("\n", ""), none);
  assert.equal(indented("<a>".repeat(9000)).length < 2e6, true); // no indentation without an end
});

test("numbers as people read them", () => {
  assert.equal(count(5_000_000), "5\u202f000\u202f000");
  assert.deepEqual([0, 1023, 1024, 524288, 1 << 20, 2 ** 40].map(size), ["0 B", "1023 B", "1.0 KiB", "512 KiB", "1.0 MiB", "1.0 TiB"]);
});

test("times", () => {
  assert.equal(at("2026-11-22T10:00:00.5Z", "utc"), "2026-11-22 10:00:00");
  assert.equal(at("2026-11-22T10:00:00Z", "Asia/Kathmandu"), "2026-11-22 15:45:00");
  assert.equal(precise("2026-11-22T10:00:00.1234567Z", "utc"), "2026-11-22 10:00:00.1234567");
  for (const none of [undefined, "", "yesterday", "2026-99-99"]) assert.equal(at(none, "utc"), "no time");
  assert.equal(known("Europe/Vienna"), true);
  for (const z of ["", "Mars/Base", "<script>", "__proto__"]) assert.equal(known(z), false, z);
  assert.equal(since("8h", Date.UTC(2026, 10, 22, 10)), "2026-11-22T02:00:00.000Z");
  assert.equal(since("2w", Date.UTC(2026, 10, 22)), "2026-11-08T00:00:00.000Z");
  assert.equal(since("8x"), "8x");
  assert.deepEqual([5, 600, 7200, 900000, 5342 * 86400].map(lasting), ["5 s", "10 min", "2 h", "10 d", "15 y"]);
  assert.equal(ago(undefined), "never");
  assert.equal(ago("2026-11-22T10:00:00Z", Date.UTC(2026, 10, 22, 9)), "in 60 min");
});

test("the offset of a time is that of its day", () => {
  assert.equal(at("2026-07-22T10:00:00Z", "Europe/Berlin"), "2026-07-22 12:00:00");
  assert.equal(at("2026-11-22T10:00:00Z", "Europe/Berlin"), "2026-11-22 11:00:00");
  // The hour that is there twice.
  assert.deepEqual(["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map((t) => at(t, "Europe/Berlin")), ["2026-10-25 02:30:00", "2026-10-25 02:30:00"]);
  assert.equal(named("Etc/UTC"), named("utc")); // two names of one zone
  assert.equal(named("Mars/Base"), "");
});

const event = { id: 1, event_id: 1, type: "error", level: "error", category: 0, source: "x", computer: "y" };

test("strings stand for a text that is not there, with their names", () => {
  assert.equal(said({ ...event, message: "text", strings: ["a"], names: ["b"] }), "text");
  assert.equal(said({ ...event, message: "", strings: ["a"] }), "");
  assert.equal(said({ ...event, strings: ["4720", "fred", "c"], names: ["ProcessId", "", "LogonType"] }), "ProcessId=4720, fred, LogonType=c");
  assert.equal(said({ ...event, strings: ["a", "b"] }), "a, b");
  assert.equal(said({ ...event, names: ["a"] }), "");
});

test("what is read where no logs are chosen", () => {
  const server = { name: "x", kind: "even", state: "ok" };
  const some = { ...server, usual: ["System", "Application"] };
  assert.equal(usual([]), "all");
  assert.equal(usual([server, server]), "all");
  assert.equal(usual([some, some]), "System, Application");
  assert.equal(usual([server, some]), "System, Application; of others all");
});

test("a server that was not asked yet is no unknown one", () => {
  assert.deepEqual(["unknown", "checking", "ok", "refused"].map(word), ["asking…", "asking…", "ok", "refused"]);
});

test("the events of a view are counted of few servers", () => {
  const server = { name: "x", kind: "even", state: "ok" };
  const all = (n: number) => ({ version: 1, every_seconds: 1, servers: Array.from({ length: n }, () => server) });
  const v = { name: "v", title: "", query: "" };
  assert.deepEqual([null, all(0), all(1), all(16), all(17)].map((s) => counts(v, s)), [false, false, true, true, false]);
  assert.equal(counts({ ...v, servers: ["x"] }, all(200)), true);
  const asked = { name: "x", state: "ok", matched: 1, examined: 1, done: true };
  const p = { id: "", version: 1, done: true, total: 1234, examined: 1, servers: [asked] };
  assert.equal(number(p, true), "1\u202f234");
  assert.equal(number({ ...p, done: false }, false), "1\u202f234…");
  for (const part of [{ done: false }, { more: "budget" }, { servers: [asked, { ...asked, state: "refused" }] }]) assert.equal(number({ ...p, ...part }, true), "≥ 1\u202f234");
});

test("audits have a kind of their own", () => {
  assert.equal(kind({ type: "audit failure", level: "log always" }).name, "failure");
  assert.equal(kind({ type: "information", level: 2 }).word, "error");
  assert.equal(kind({ type: "error", level: "error" }).name, "error");
  assert.equal(kind({ type: 7, level: 99 }).word, "level 99");
  assert.equal(isAudit({ type: "error" }), false);
  const shapes = ["critical", "error", "warning", "information", "verbose", "log always"].map((level) => kind({ type: "", level }).shape);
  assert.equal(new Set(shapes).size, shapes.length); // told apart without colours
});

test("a view and its address", () => {
  const views: Partial<View>[] = [
    { page: "overview" },
    { page: "events", q: 'a&b=c "ü" #x', servers: ["a,b", "."], logs: ["X/Operational"], since: "2026-01-01T00:00:00Z", until: "2026-01-02T00:00:00Z", key: "k&1" },
    { page: "events", since: "" },
    { page: "tail", q: "x", servers: ["y"] },
    { page: "logs" },
    { page: "one", one: { server: ".", log: "X/Y z", record: 5, time: "2026-01-01T00:00:00Z" } },
    { page: "one", one: { server: "https://bedrock", log: "%41", record: 1, time: "" } },
  ];
  for (const part of views) {
    const v: View = { page: "overview", q: "", servers: [], logs: [], since: "8h", until: "", key: "", one: null, ...part };
    assert.deepEqual(parse(new URL(format(v), "https://bedrock")), v, format(v));
  }
  assert.equal(serverPart("."), "~");
});

test("addresses that somebody made up", () => {
  for (const path of ["/e", "/e/a/b", "/e/a/b/x", "/e/a/b/-1", "/e/a/b/1e9", "/e/a/b/0", "/e/%E0%A4/b/1", "/e/a/b/99999999999999999999", "/e/a/b/1/2"]) {
    const v = parse(new URL(path, "https://bedrock"));
    assert.equal(v.page, "one");
    assert.equal(v.one, null, path);
  }
  for (const path of ["/constructor", "/__proto__", "//", "/%00"]) assert.equal(parse(new URL("https://bedrock" + path)).page, "overview", path);
  assert.deepEqual(parse(new URL("https://bedrock/events?server=&server=a&server=a")).servers, ["a"]);
});

test("the bar of a long table", () => {
  const h = { all: 5_000_000 * 26, seen: 780, bar: maxHeight };
  const most = h.all - h.seen;
  assert.equal(barOf(0, h), 0);
  assert.equal(barOf(most, h), h.bar - h.seen);
  assert.equal(positionOf(h.bar - h.seen, 100, 2000, h), most); // the end of the bar is the end of the table
  assert.equal(positionOf(0, 100, 50_000, h), 0);
  assert.equal(positionOf(1100, 1000, 50_000, h), 50_100); // a little is a little
  assert.equal(positionOf(4_000_000, 0, 0, h), (4_000_000 / (h.bar - h.seen)) * most); // much is where the bar points
  for (const p of [0, 1000, most / 2, most]) assert.ok(Math.abs(positionOf(barOf(p, h), -1e9, 0, h) - p) < 1, String(p));

  const short = { all: 2600, seen: 780, bar: 2600 };
  assert.equal(positionOf(500, 0, 0, short), 500);
  assert.equal(barOf(500, short), 500);
  assert.equal(barOf(0, { all: 100, seen: 780, bar: 100 }), 0);
  assert.equal(positionOf(0, 0, 0, { all: 0, seen: 780, bar: 0 }), 0);
});

test("places in bytes and in characters", () => {
  const text = "aü日😀z";
  for (const [i, bytes] of [[0, 0], [1, 1], [2, 3], [3, 6], [5, 10], [6, 11]] as const) {
    assert.equal(bytesTo(text, i), bytes);
    assert.equal(place(text, bytes), i);
  }
  assert.equal(place(text, 1000), text.length);
});

test("the smallest field owns a byte", () => {
  const field = (offset: number, length: number) => ({ offset, length, path: "", value: "" });
  const all = owners(8, [field(0, 8), field(2, 2), field(7, 1), field(50, 1), field(3, 100)]);
  assert.deepEqual([...all], [0, 0, 1, 1, 0, 0, 0, 2]);
  assert.deepEqual(runs(1, 5, all), [{ from: 1, to: 2, field: 0 }, { from: 2, to: 4, field: 1 }, { from: 4, to: 5, field: 0 }]);
});

test("a ring holds the newest", () => {
  const r = new Ring<number>(3);
  for (let i = 0; i < 5; i++) r.add(i);
  assert.deepEqual([-1, 0, 1, 2, 3, 4, 5].map((n) => r.at(n)), [undefined, undefined, undefined, 2, 3, 4, undefined]);
  const still = r.copy();
  r.add(5);
  assert.equal(still.at(2), 2);
  assert.equal(r.at(2), undefined);
  assert.equal(r.made, 6);
});

test("the histogram", () => {
  const h = { version: 1, done: true, since: "2026-11-22T00:00:00Z", until: "2026-11-22T02:00:00Z", step_ms: 3600e3, counts: [[0, 0, 1, 0, 4, 0], [0, 0, 0, 0, 0, 0]] };
  const series = stacked(h) as number[][];
  assert.equal(series.length, 7);
  assert.deepEqual(series.slice(1).map((s) => s[0]), [5, 5, 5, 1, 1, 0]); // the tallest first, what matters at the bottom
  assert.match(told(h), /^1 error, 4 information; most, 5, at /);
  assert.equal(told({ ...h, counts: [[0, 0, 0, 0, 0, 0]] }), "no events");
  assert.deepEqual(zoomed("+", 10_000, 8000), [12_000, 16_000]);
  assert.deepEqual(zoomed("-", 10_000, 8000), [6000, 22_000]);
  assert.deepEqual(zoomed("ArrowLeft", 10_000, 8000), [6000, 14_000]);
  assert.equal(zoomed("+", 10_000, 1500), null); // no nearer than a second
  assert.equal(zoomed("-", 100, 8000), null);
  assert.equal(zoomed("x", 10_000, 8000), null);
});
