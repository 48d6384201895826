/**
 * Keeps requests within the rate limit of a workspace, and within the share of it that a sync may use. All processes
 * share the limit: each holds a lease on a part of it in the ledger, renewed twice a second while it sends, and needs
 * nobody for the single request. What Braze says in its headers overrules what was configured.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BURST_SHARE, wantedOf } from '../../model/rate-grant.ts';
import type { RateLeases } from '../../store/rate-leases.ts';
import type { BrazeAnswer } from './client.ts';
import { header, waitOf } from './interpret.ts';
import { PermitBucket } from './permit-bucket.ts';

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

/** A process that died holds its part for this long. */
const LEASE_MS = 2_000;
const RENEW_MS = 500;
/** Without a request for so long, the process gives its part back. */
const IDLE_MS = 3_000;

interface Waiting {
  readonly go: () => void;
}

/** The limit of one workspace for one endpoint family; every sync of the worker that uploads there shares it. */
class WorkspaceBudget {
  readonly #leases: Pick<RateLeases, 'renew' | 'release'>;
  readonly #budget: string;
  readonly #holder = randomUUID();
  readonly #limit: RateLimit;
  readonly #bucket: PermitBucket;
  readonly #waiting = new Set<Waiting>();
  #timer: NodeJS.Timeout | undefined;
  #pausedUntil = 0;
  /** The ledger is being asked, or did not answer: what this process may send now is not known. */
  #isAsking = false;
  #isRenewed = false;
  #isClosed = false;
  #lastUsed = 0;
  #permits = 0;
  /** Requests since the ledger was asked. */
  #sent = 0;

  constructor(leases: Pick<RateLeases, 'renew' | 'release'>, budget: string, limit: RateLimit) {
    this.#leases = leases;
    this.#budget = budget;
    this.#limit = limit;
    this.#bucket = new PermitBucket(limit.requests, limit.windowMs);
  }

  pause(ms: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + ms);
  }

  /** Waits until one more request may go out, in the order in which it was asked. @throws where the signal aborts */
  async next(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#lastUsed = performance.now();
    if (!this.#isRenewed) void this.#keepRenewed();
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#waiting.delete(one);
        reject(signal.reason as Error);
      };
      const one: Waiting = {
        go: () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        },
      };
      signal.addEventListener('abort', onAbort, { once: true });
      this.#waiting.add(one);
      if (this.#timer === undefined) this.#letOut();
    });
  }

  /** Gives the part of this process back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#bucket.end();
    if (this.#isRenewed) await this.#leases.release(this.#budget, this.#holder);
  }

  /** Lets out whoever may go now, and comes again for the next. */
  #letOut(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#isAsking) return;
    for (const one of this.#waiting) {
      const now = performance.now();
      const paused = this.#pausedUntil - now;
      const wait = paused > 0 ? paused : this.#bucket.take(now);
      if (wait > 0) {
        // The end of the lease brings the next look.
        if (wait !== Infinity) this.#timer = setTimeout(() => this.#letOut(), wait);
        return;
      }
      this.#waiting.delete(one);
      this.#lastUsed = now;
      this.#sent += 1;
      one.go();
    }
  }

  get #isInUse(): boolean {
    return this.#waiting.size > 0 || performance.now() - this.#lastUsed < IDLE_MS;
  }

  /** Holds a lease for as long as requests go out. Asking and giving back never overlap: the last word has to stand. */
  async #keepRenewed(): Promise<void> {
    this.#isRenewed = true;
    while (!this.#isClosed && this.#isInUse) {
      await this.#renewWhileInUse();
      this.#isAsking = false;
      this.#permits = 0;
      this.#bucket.end();
      if (!this.#isClosed) await this.#leases.release(this.#budget, this.#holder).catch(() => undefined);
    }
    this.#isRenewed = false;
  }

  async #renewWhileInUse(): Promise<void> {
    let before = performance.now() - RENEW_MS;
    while (!this.#isClosed && this.#isInUse) {
      const asked = performance.now();
      this.#isAsking = true;
      const { requests, windowMs } = this.#limit;
      const wanted = wantedOf(requests, {
        sinceMs: asked - before,
        windowMs,
        sent: this.#sent,
        isWaiting: this.#waiting.size > 0,
        permits: this.#permits,
      });
      const terms = { limit: requests, windowMs, wanted, ttlMs: LEASE_MS };
      const grant = await this.#leases
        .renew({ budget: this.#budget, holder: this.#holder, ...terms })
        .catch(() => undefined);
      if (grant !== undefined) {
        this.#bucket.lease(grant, asked, LEASE_MS, performance.now());
        this.#isAsking = false;
        this.#permits = grant.permits;
        this.#sent = 0;
        before = asked;
        this.#letOut();
      }
      await sleep(RENEW_MS, undefined, { ref: false });
    }
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
  readonly #leases: Pick<RateLeases, 'renew' | 'release'>;
  readonly #workspaces = new Map<string, WorkspaceBudget>();

  /** @param leases what all processes hold, on record */
  constructor(leases: Pick<RateLeases, 'renew' | 'release'>) {
    this.#leases = leases;
  }

  /**
   * @param workspace name of the workspace, with the endpoint family
   * @param share part of the limit that the asking sync may use, above 0 and up to 1
   */
  budget(workspace: string, limit: RateLimit, share: number): RateBudget {
    const key = `${workspace} ${limit.requests}/${limit.windowMs}`;
    const common = this.#workspaces.get(key) ?? new WorkspaceBudget(this.#leases, workspace, limit);
    this.#workspaces.set(key, common);
    const own = new Bucket(limit.requests * share, limit.windowMs);
    return {
      perSecond: own.perMs * 1_000,

      async take(signal) {
        const wait = own.take();
        if (wait > 0) await sleep(wait, undefined, { signal });
        await common.next(signal);
      },

      observe(answer) {
        const total = header(answer, 'x-ratelimit-limit');
        const remaining = header(answer, 'x-ratelimit-remaining');
        if (total === undefined || remaining === undefined) return;
        if (remaining <= Math.round(total * (1 - share)))
          common.pause(Math.min(waitOf(answer, Date.now()) ?? limit.windowMs, limit.windowMs));
      },

      refuse: (waitMs) => common.pause(waitMs),
    };
  }

  /** Gives every part back. */
  async close(): Promise<void> {
    await Promise.allSettled([...this.#workspaces.values()].map((workspace) => workspace.close()));
  }
}
