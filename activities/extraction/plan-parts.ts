/** Divides an instant into shares that each fit a segment, by counts that the warehouse makes. */
import type { HashShare } from '../warehouses/warehouse.ts';
import type { InstantPart } from '../../store/instant-parts.ts';

export interface PlannedPart extends HashShare {
  /** Rows that were counted in it. */
  readonly rows: number;
}

export interface PartsPlan {
  /** Parts to read, in the order of their hashes: those that are new, and known ones whose number of rows changed. */
  readonly read: readonly PlannedPart[];
  /** Known parts that have outgrown a segment: parts of `read` take their place. */
  readonly dissolved: readonly InstantPart[];
  /** Known parts of which no row is left. Others may take in their hashes, so that they may not stand any more. */
  readonly vanished: readonly InstantPart[];
}

export interface PartsRequest {
  readonly known: readonly InstantPart[];
  /** Rows that a part may hold, unless they are all of one user. */
  readonly ceiling: number;
  /** Whether a known part is left out where its number of rows is unchanged. */
  readonly spareUnchanged: boolean;
  /** Counts the rows of a share (undefined: of everything) by the first digits of their users' hashes. */
  readonly count: (share: HashShare | undefined, digits: number) => Promise<ReadonlyMap<string, number>>;
}

/** Digits of a whole hash: a share of so many holds one user. */
const HASH_DIGITS = 32;
/** Groups per part: enough that packing them fills the parts well. */
const GROUPS_PER_PART = 4;

export async function planParts(request: PartsRequest): Promise<PartsPlan> {
  const [first] = request.known;
  const digits = first ? commonLevel(request.known, 1) : digitsFor(await total(request), request.ceiling);
  const met = new Set<InstantPart>();
  const plan = await planWithin({ ...request, met }, undefined, digits);
  return { ...plan, vanished: request.known.filter((part) => !met.has(part)) };
}

interface Planning extends PartsRequest {
  /** Gets each known part that is looked at. */
  readonly met: Set<InstantPart>;
}

/** How many hex digits divide so many rows finely enough. */
export function digitsFor(rows: number, ceiling: number): number {
  const groups = (rows * GROUPS_PER_PART) / ceiling;
  return Math.min(HASH_DIGITS, Math.max(1, Math.ceil(Math.log(groups) / Math.log(16))));
}

async function total({ count }: PartsRequest): Promise<number> {
  let rows = 0;
  for (const each of (await count(undefined, 1)).values()) rows += each;
  return rows;
}

/**
 * By how many digits known parts can be counted again: as finely as the coarsest of them, but only where none of the others
 * lies across the bounds of a prefix, for each prefix is planned by itself.
 *
 * @param least digits by which they were divided from others
 */
function commonLevel(parts: readonly InstantPart[], least: number): number {
  let digits = parts.reduce((shortest, { low }) => Math.min(shortest, low.length), HASH_DIGITS);
  const liesAcross = ({ low, high }: InstantPart): boolean =>
    low.length > digits && low.slice(0, digits) !== high.slice(0, digits);
  while (digits > least && parts.some(liesAcross)) digits -= 1;
  return digits;
}

/**
 * @param scope the prefix that all hashes begin with; undefined: any
 * @param digits by how many digits the rows are counted here
 */
async function planWithin(
  request: Planning,
  scope: string | undefined,
  digits: number,
): Promise<Pick<PartsPlan, 'read' | 'dissolved'>> {
  const counts = await request.count(scope === undefined ? undefined : { low: scope, high: scope }, digits);
  const prefixes = [...counts.keys()].sort();
  const read: PlannedPart[] = [];
  const dissolved: InstantPart[] = [];
  const placed = new Set<string>();

  const known = request.known.filter(({ low }) => scope === undefined || low.startsWith(scope));
  const standing: InstantPart[] = [];
  for (const part of known.filter(({ low }) => low.length === digits)) {
    request.met.add(part);
    const own = prefixes.filter((prefix) => prefix >= part.low && prefix <= part.high);
    const rows = own.reduce((sum, prefix) => sum + (counts.get(prefix) ?? 0), 0);
    const isUnchanged = rows === part.rows;
    const isOneUser = digits === HASH_DIGITS && part.low === part.high;
    if (rows > request.ceiling && !isUnchanged && !isOneUser) {
      dissolved.push(part);
      continue;
    }
    standing.push(part);
    for (const prefix of own) placed.add(prefix);
    if (!isUnchanged || !request.spareUnchanged) read.push({ low: part.low, high: part.high, rows });
  }

  let open: { low: string; high: string; rows: number } | undefined;
  const close = (): void => {
    if (open) read.push(open);
    open = undefined;
  };
  for (const prefix of prefixes) {
    const rows = counts.get(prefix) ?? 0;
    const deeper = known.filter(({ low }) => low.length > digits && low.startsWith(prefix));
    if (placed.has(prefix)) close();
    else if (deeper.length > 0 || (rows > request.ceiling && digits < HASH_DIGITS)) {
      close();
      const finer =
        deeper.length > 0
          ? commonLevel(deeper, digits + 1)
          : scope === undefined
            ? Math.min(HASH_DIGITS, digits + digitsFor(rows, request.ceiling))
            : HASH_DIGITS;
      const within = await planWithin(request, prefix, finer);
      read.push(...within.read);
      dissolved.push(...within.dissolved);
    } else {
      // A part that stands may have no rows now; they may come back.
      const from = open?.high ?? prefix;
      const isAcross = standing.some(({ low, high }) => low > from && high < prefix);
      if (open && (isAcross || open.rows + rows > request.ceiling)) close();
      open = { low: open?.low ?? prefix, high: prefix, rows: (open?.rows ?? 0) + rows };
    }
  }
  close();
  return { read: read.sort((a, b) => (a.low < b.low ? -1 : 1)), dissolved };
}
