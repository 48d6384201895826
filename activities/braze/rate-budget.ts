/**
 * Keeps requests within the rate limit of a workspace, and within the share of it that a sync may use.
 * Requests are spaced evenly, so that windows of any alignment hold no more than their limit; what Braze says in its
 * headers overrules what was configured.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BrazeAnswer } from './client.ts';
import { header, waitOf } from './interpret.ts';

/** How much of a window may go out at once before requests are spaced. */
const BURST_SHARE = 0.02;

/** A token bucket over a monotonic clock. */
class Bucket {
  readonly #perMs: number;
  readonly #burst: number;
  #tokens: number;
  #at = performance.now();

  constructor(requests: number, windowMs: number) {
    this.#perMs = requests / windowMs;
    this.#burst = Math.max(1, requests * BURST_SHARE);
    this.#tokens = this.#burst;
  }

  get perMs(): number {
    return this.#perMs;
  }

  /** Takes a token now, in advance if need be. @returns milliseconds until it is earned */
  take(): number {
    const now = performance.now();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#perMs);
    this.#at = now;
    this.#tokens -= 1;
    return this.#tokens >= 0 ? 0 : -this.#tokens / this.#perMs;
  }
}

/** The limit of one workspace for one endpoint family; every sync of the worker that uploads there shares it. */
class WorkspaceBudget {
  readonly bucket: Bucket;
  #pausedUntil = 0;

  constructor(requests: number, windowMs: number) {
    this.bucket = new Bucket(requests, windowMs);
  }

  get pausedForMs(): number {
    return Math.max(0, this.#pausedUntil - performance.now());
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }
}

export interface RateBudget {
  /** Waits until one more request may go out. @throws where the signal aborts */
  take(signal: AbortSignal): Promise<void>;
  /** Learns from the headers of an answer. */
  observe(answer: BrazeAnswer): void;
  /** Holds everything back: Braze answered 429. */
  refuse(waitMs: number): void;
  /** Requests per second that this budget lets through at most. */
  readonly perSecond: number;
}

export interface RateLimit {
  readonly requests: number;
  readonly windowMs: number;
}

/** The budgets of a worker process. */
export class RateBudgets {
  readonly #workspaces = new Map<string, WorkspaceBudget>();

  /**
   * @param workspace name of the workspace, with the endpoint family
   * @param share part of the limit that the asking sync may use, above 0 and up to 1
   */
  budget(workspace: string, limit: RateLimit, share: number): RateBudget {
    const key = `${workspace} ${limit.requests}/${limit.windowMs}`;
    const common = this.#workspaces.get(key) ?? new WorkspaceBudget(limit.requests, limit.windowMs);
    this.#workspaces.set(key, common);
    const own = new Bucket(limit.requests * share, limit.windowMs);
    return {
      perSecond: own.perMs * 1_000,

      async take(signal) {
        const wait = Math.max(own.take(), common.bucket.take());
        for (let ms = Math.max(wait, common.pausedForMs); ms > 0; ms = common.pausedForMs) {
          await sleep(ms, undefined, { signal });
        }
      },

      observe(answer) {
        const total = header(answer, 'x-ratelimit-limit');
        const remaining = header(answer, 'x-ratelimit-remaining');
        if (total === undefined || remaining === undefined) return;
        if (remaining <= Math.round(total * (1 - share)))
          common.pause(Math.min(waitOf(answer, Date.now()), limit.windowMs));
      },

      refuse: (waitMs) => common.pause(waitMs),
    };
  }
}
