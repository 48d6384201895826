/** Incidents: what is wrong with a sync or a credential, told once until it has recovered. Pure. */
import { type Audience, ERROR_RULES, type ErrorType, isErrorType } from './errors.ts';

interface IncidentRule {
  readonly audience: Audience;
  /** What is wrong, as a title after the name: `users is stale`. */
  readonly title: string;
  /** What to do about it. */
  readonly hint: string;
  /** Whether its end is told. */
  readonly recovers: boolean;
  /** How its end is found: by a run that ends, or by a look at the ledger. */
  readonly seenBy: 'run' | 'watch';
}

const RULES = {
  rows_rejected: {
    audience: 'data_team',
    title: 'has too many rejected rows',
    hint: 'Correct these rows in the source and renew their UPDATED_AT; the next run sends them.',
    recovers: true,
    seenBy: 'run',
  },
  rows_in_future: {
    audience: 'data_team',
    title: 'has rows in the future',
    hint: 'Correct the UPDATED_AT of these rows, or the clock of what writes them; until its time has come no row is sent.',
    recovers: true,
    seenBy: 'run',
  },
  rows_unread: {
    audience: 'data_team',
    title: 'has rows that were never read',
    hint: 'Run `cdi verify`. Set `lookback` to find such rows, or `cdi rewind` to send again from a time on.',
    recovers: true,
    seenBy: 'run',
  },
  guard_near: {
    audience: 'data_team',
    title: 'comes near its guard',
    hint: 'Look at the table. If it grows as it is meant to, raise `max_rows_per_run` before a run is held.',
    recovers: false,
    seenBy: 'run',
  },
  paused: {
    audience: 'operator',
    title: 'is paused after failed runs',
    hint: 'Mend what the error names, then run `cdi resume`.',
    recovers: false,
    seenBy: 'watch',
  },
  stale: {
    audience: 'operator',
    title: 'is stale',
    hint: 'See `cdi status`. Where no run starts, see that worker and Temporal run; where runs fail, see what they say.',
    recovers: true,
    seenBy: 'watch',
  },
  credential_expires: {
    audience: 'data_team',
    title: 'is about to expire',
    hint: 'Make a new secret in the warehouse, put it and its `expires` into the credential file, and run `cdi apply`.',
    recovers: true,
    seenBy: 'watch',
  },
  digests_near: {
    audience: 'operator',
    title: 'comes near its ceiling of digests',
    hint: 'Raise `digest_rows`; beyond it a part of an instant that has changed goes again whole.',
    recovers: false,
    seenBy: 'watch',
  },
  lookback_near: {
    audience: 'operator',
    title: 'comes near its ceiling of the lookback',
    hint: 'Raise `lookback_rows`, or shorten `lookback`; beyond it only the newest rows are looked at.',
    recovers: false,
    seenBy: 'watch',
  },
} as const satisfies Record<string, IncidentRule>;

/** A run that an error stopped is an incident of that error's type. */
export type IncidentKind = keyof typeof RULES | `failed:${ErrorType}`;

/** What an incident is about. */
export interface IncidentSubject {
  readonly type: 'sync' | 'credential';
  readonly name: string;
}

/** Counts, times and texts of our own: never a value of a row. */
export type IncidentDetail = Readonly<Record<string, string | number>>;

export const failureKind = (type: ErrorType): IncidentKind => `failed:${type}`;

/** The error type of a failure; undefined for every other kind. */
export function failureType(kind: string): ErrorType | undefined {
  const type = /^failed:(.+)$/.exec(kind)?.[1];
  return isErrorType(type) ? type : undefined;
}

export function incidentRule(kind: IncidentKind): IncidentRule {
  const type = failureType(kind);
  if (type === undefined) return RULES[kind as keyof typeof RULES];
  const { audience, summary, hint } = ERROR_RULES[type];
  return {
    audience,
    title: `failed: ${summary.replace(/\.$/, '')}`,
    hint,
    recovers: true,
    seenBy: 'run',
  };
}

/** The kinds that a look at the ledger finds, and finds gone. */
export const WATCHED_KINDS = (Object.keys(RULES) as (keyof typeof RULES)[]).filter(
  (kind) => RULES[kind].seenBy === 'watch',
);
