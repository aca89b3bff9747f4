/** Ring holds the newest of what is added, by the number in which it came. */
export class Ring<T> {
  private readonly items: (T | undefined)[];
  private n = 0;

  constructor(size: number) {
    this.items = new Array<T | undefined>(size);
  }

  add(item: T): void {
    this.items[this.n++ % this.items.length] = item;
  }

  /** made is how many were ever added. */
  get made(): number {
    return this.n;
  }

  /** at is the item of a number, counted from 0, while it is held. */
  at(number: number): T | undefined {
    return number >= 0 && number < this.n && number >= this.n - this.items.length ? this.items[number % this.items.length] : undefined;
  }

  /** copy is what is held now, whatever comes. */
  copy(): Ring<T> {
    const c = new Ring<T>(this.items.length);
    this.items.forEach((x, i) => (c.items[i] = x));
    c.n = this.n;
    return c;
  }
}
