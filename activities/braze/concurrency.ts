/**
 * How many requests may be in flight: as many as the rate budget needs at the latency seen, fewer while Braze is in
 * trouble. Waiting requests start in the order in which they asked.
 */

const SMALLEST = 8;
/** Latency is compared with twice its best, so that ordinary jitter does not leave the budget unused. */
const HEADROOM = 2;
const RECOVERY = 1.05;
/** The best latency is forgotten slowly, so that a slower network is noticed. */
const FORGET = 1.002;

export class Concurrency {
  readonly #most: number;
  readonly #perMs: number;
  #bestMs = Infinity;
  #factor = 1;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  /** @param perSecond requests per second that the rate budget allows */
  constructor(most: number, perSecond: number) {
    this.#most = most;
    this.#perMs = perSecond / 1_000;
  }

  get limit(): number {
    const needed = this.#bestMs === Infinity ? SMALLEST : this.#bestMs * HEADROOM * this.#perMs;
    return Math.max(1, Math.min(this.#most, Math.ceil(Math.max(SMALLEST, needed) * this.#factor)));
  }

  get running(): number {
    return this.#running;
  }

  /** Waits for a place. */
  async enter(): Promise<void> {
    if (this.#running >= this.limit) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
  }

  leave(): void {
    this.#running -= 1;
    while (this.#running < this.limit) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#running += 1;
      next();
    }
  }

  /** @param ms time from writing a request to its answer */
  answered(ms: number): void {
    this.#bestMs = Math.min(this.#bestMs * FORGET, ms);
    this.#factor = Math.min(1, this.#factor * RECOVERY);
  }

  /** Braze was in trouble: half as many from now on, recovering with each good answer. */
  troubled(): void {
    this.#factor = Math.max(1 / SMALLEST, this.#factor / 2);
  }
}
