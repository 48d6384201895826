/**
 * How a rate limit is divided among the processes that send. A process alone has the whole limit; several have equal
 * shares, less what the others have no use for. Pure: store/rate-leases.ts keeps the record.
 */

export interface RateHolder {
  /** Requests per window that it may send. */
  readonly permits: number;
  /** Requests per window that it has use for. */
  readonly wanted: number;
  /** Whether its lease still holds; one that ended less than a window ago counts among the others too. */
  readonly isLive: boolean;
}

export interface RateGrant {
  /** Requests per window, whole and not negative. */
  readonly permits: number;
  /** Whether others send too, or did within the last window. */
  readonly isShared: boolean;
}

/** Part of its permits that a process may send at once, before requests are spaced. */
export const BURST_SHARE = 0.02;

/**
 * @param limit requests per window that Braze allows
 * @param wanted what the asking process has use for
 * @param others every other process that holds a lease, or held one within the last window
 * @returns what it may hold now: with all that others hold, and all bursts, never more than the limit
 */
export function grantOf(limit: number, wanted: number, others: readonly RateHolder[]): RateGrant {
  if (others.length === 0) return { permits: limit, isShared: false };
  const live = others.filter(({ isLive }) => isLive);
  const pool = sharedLimit(limit, others.length + 1);
  const held = live.reduce((sum, { permits }) => sum + permits, 0);
  const entitled = fairShare(pool, wanted, live);
  return { permits: Math.max(0, Math.min(entitled, pool - held)), isShared: true };
}

/** From this part of its permits on, a process is taken to have use for more than it has. */
const SHORT_SHARE = 0.8;
/** What a process asks for beyond what it used, so that it is not short at once. */
const ROOM_TO_GROW = 2;

/** How a process fared since it asked before. */
export interface RateUse {
  readonly sinceMs: number;
  readonly windowMs: number;
  /** Requests that it sent, and whether others wait to be sent. */
  readonly sent: number;
  readonly isWaiting: boolean;
  /** What it was allowed, in requests per window. */
  readonly permits: number;
}

/** @returns requests per window that a process asks for: what it used with room to grow, all where that was too little */
export function wantedOf(limit: number, { sinceMs, windowMs, sent, isWaiting, permits }: RateUse): number {
  const earned = (permits * sinceMs) / windowMs;
  if (sent + (isWaiting ? 1 : 0) >= earned * SHORT_SHARE) return limit;
  return Math.min(limit, 1 + Math.ceil((sent * ROOM_TO_GROW * windowMs) / sinceMs));
}

/** What several may hold together, so that there is room for the burst of each, which is one request at least. */
export function sharedLimit(limit: number, processes: number): number {
  return Math.max(0, Math.floor((limit - processes) / (1 + BURST_SHARE)));
}

/** Equal shares; who wants less leaves the rest to the others; what nobody wants is divided again. */
function fairShare(pool: number, wanted: number, others: readonly RateHolder[]): number {
  let left = pool;
  let sharing = others.length + 1;
  for (const other of others.toSorted((a, b) => a.wanted - b.wanted)) {
    if (other.wanted > wanted) break;
    left -= Math.min(other.wanted, Math.floor(left / sharing));
    sharing -= 1;
  }
  // Here the asking process is the one that wants the least of those that are left.
  const own = Math.min(wanted, Math.floor(left / sharing));
  const unwanted = pool - totalWanted(pool, [wanted, ...others.map((other) => other.wanted)]);
  return own + Math.floor(unwanted / (others.length + 1));
}

function totalWanted(pool: number, wanted: readonly number[]): number {
  return Math.min(
    pool,
    wanted.reduce((sum, one) => sum + one, 0),
  );
}
