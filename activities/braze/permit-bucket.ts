/**
 * What a process may send of a rate limit, request by request. Requests are spaced evenly, with a small burst, under a
 * lease; and no window of any alignment holds more of them than the limit. Times are those of a monotonic clock, in
 * milliseconds, and never go back.
 */
import { BURST_SHARE, type RateGrant } from '../../model/rate-grant.ts';

export class PermitBucket {
  readonly #limit: number;
  readonly #windowMs: number;
  /** When the last requests went out, as many as a window may hold: a ring. */
  readonly #sent: Float64Array;
  #oldest = 0;
  #permits = 0;
  #isShared = false;
  #until = -Infinity;
  #tokens = 0;
  /** Up to when tokens are reckoned. */
  #at = -Infinity;

  /** @param limit requests per window */
  constructor(limit: number, windowMs: number) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#sent = new Float64Array(limit).fill(-Infinity);
  }

  /** When the lease ends. */
  get until(): number {
    return this.#until;
  }

  /**
   * A lease began or was prolonged. What it changes holds for others from some moment between `asked` and `now`, so that
   * the lower rate counts for the time between.
   *
   * @param asked when the ledger was asked
   * @param ttlMs how long the lease lasts from then
   */
  lease(grant: RateGrant, asked: number, ttlMs: number, now: number): void {
    const isNew = asked >= this.#until;
    this.#accrue(asked);
    this.#permits = Math.min(this.#permits, grant.permits);
    if (isNew) this.#permits = 0;
    this.#until = asked + ttlMs;
    this.#at = asked;
    this.#accrue(now);
    this.#permits = grant.permits;
    if (isNew) this.#tokens = grant.isShared ? 0 : this.#burst;
    // Alone, a burst may have gone beyond the even rate: it is paid back before others join in.
    if (grant.isShared && (isNew || !this.#isShared)) this.#tokens = -BURST_SHARE * this.#limit;
    this.#tokens = Math.min(this.#tokens, this.#burst);
    this.#isShared = grant.isShared;
  }

  /** The lease ends at once. */
  end(): void {
    this.#until = -Infinity;
  }

  /** Lets a request out, if it may go now. @returns milliseconds to wait before it is worth asking again; 0: it may go */
  take(now: number): number {
    if (now >= this.#until) return Infinity;
    this.#accrue(now);
    const earliest = (this.#sent[this.#oldest] ?? -Infinity) + this.#windowMs;
    const wait = Math.max(this.#missing(), earliest - now);
    if (wait > 0) return wait;
    this.#tokens -= 1;
    this.#sent[this.#oldest] = now;
    this.#oldest = (this.#oldest + 1) % this.#limit;
    return 0;
  }

  get #burst(): number {
    return Math.max(1, this.#permits * BURST_SHARE);
  }

  /** Milliseconds until there is a token. */
  #missing(): number {
    if (this.#tokens >= 1) return 0;
    return this.#permits === 0 ? Infinity : ((1 - this.#tokens) * this.#windowMs) / this.#permits;
  }

  #accrue(now: number): void {
    const end = Math.min(now, this.#until);
    if (end > this.#at) {
      const earned = ((end - this.#at) * this.#permits) / this.#windowMs;
      this.#tokens = Math.min(this.#burst, this.#tokens + earned);
    }
    this.#at = Math.max(this.#at, now);
  }
}
