// Times are kept as the API gives them, RFC 3339 in UTC, and formatted in the zone
// that the page shows.
import { signal } from "@preact/signals";

/** zone is what times are shown in: "local", "utc" or the name of a zone. */
export const zone = signal("local");

const formats = new Map<string, Intl.DateTimeFormat>();

function format(z: string): Intl.DateTimeFormat {
  let f = formats.get(z);
  if (!f) {
    const options: Intl.DateTimeFormatOptions = {
      year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23",
    };
    if (z !== "local") options.timeZone = z === "utc" ? "UTC" : z;
    f = new Intl.DateTimeFormat("sv-SE", options); // the form of ISO 8601
    formats.set(z, f);
  }
  return f;
}

/** known says whether z is a zone that times can be shown in. */
export function known(z: string): boolean {
  return named(z) !== "";
}

/** named is the zone that z stands for, by one of its names; "": there is none. */
export function named(z: string): string {
  try {
    return format(z).resolvedOptions().timeZone;
  } catch {
    return "";
  }
}

/** at formats a time, to the second; a time that an event cannot have had says so. */
export function at(time: string | number | undefined, z = zone.value): string {
  if (time === undefined || time === "") return "no time";
  const ms = typeof time === "number" ? time : Date.parse(time);
  if (Number.isNaN(ms)) return "no time";
  return format(z).format(ms);
}

/** precise is at with the fraction of the second that the event has. */
export function precise(time: string, z = zone.value): string {
  const fraction = /\.(\d+)/.exec(time);
  return at(time, z) + (fraction ? "." + fraction[1] : "");
}

/** ago says how long ago a time was. */
export function ago(time: string | undefined, now = Date.now()): string {
  if (!time) return "never";
  const s = Math.round((now - Date.parse(time)) / 1000);
  return s < 0 ? "in " + lasting(-s) : lasting(s) + " ago";
}

/** lasting is a number of seconds in its largest unit. */
export function lasting(s: number): string {
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 90 * 60) return `${Math.round(s / 60)} min`;
  if (s < 48 * 3600) return `${Math.round(s / 3600)} h`;
  const days = Math.round(s / 86400);
  return days < 730 ? `${days} d` : `${Math.round(days / 365.25)} y`;
}

/** since turns "8h" or a time into a time; "" is no bound. */
export function since(text: string, now = Date.now()): string {
  const span = /^(\d+)(m|h|d|w)$/.exec(text);
  if (!span) return text;
  const unit = { m: 60e3, h: 3600e3, d: 86400e3, w: 7 * 86400e3 }[span[2] as "m"];
  return new Date(now - Number(span[1]) * unit).toISOString();
}
