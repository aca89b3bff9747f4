// How a scroll bar of some million pixels stands for a table of any height.

/** maxHeight is the most pixels that a browser is asked to scroll over. */
export const maxHeight = 8_000_000;

/** Height is how high things are, in pixels. */
export interface Height {
  all: number; // the whole table
  seen: number; // the part that is seen
  bar: number; // what the scroll bar scrolls over
}

/** barOf is where the bar stands when the table's upper edge is at position. */
export function barOf(position: number, h: Height): number {
  const most = h.all - h.seen;
  const bar = h.bar - h.seen;
  return most <= 0 || bar <= 0 ? 0 : most <= bar ? position : (position / most) * bar;
}

/** positionOf is where the table stands after the bar went from one place to another. */
export function positionOf(top: number, before: number, position: number, h: Height): number {
  const most = Math.max(0, h.all - h.seen);
  const bar = Math.max(0, h.bar - h.seen);
  if (top <= 0) return 0;
  if (top >= bar - 1) return most;
  if (most <= bar) return Math.min(top, most);
  const moved = top - before;
  if (Math.abs(moved) > 2 * h.seen) return (top / bar) * most;
  return Math.min(Math.max(0, position + moved), most);
}
