/** What a look at the ledger finds wrong: what no run can tell, because none ran or because it builds up over many. Pure. */
import { isNear } from '../model/ceiling.ts';
import { daysToExpiry } from '../model/credential-expiry.ts';
import type { CredentialDefinition } from '../model/definitions.ts';
import { parseDuration } from '../model/duration.ts';
import { type IncidentSubject, WATCHED_KINDS } from '../model/incident.ts';
import { type Schedule, longestGapMs } from '../model/schedule.ts';
import { staleSince } from '../model/staleness.ts';
import type { Condition, Incident } from '../store/incidents.ts';
import type { SyncState } from '../store/sync-states.ts';
import { formatTime } from './wording.ts';

export interface Situation {
  readonly syncs: readonly SyncState[];
  readonly credentials: readonly CredentialDefinition[];
  /** Every open incident. */
  readonly open: readonly Incident[];
}

/** What follows from it for the incidents. */
export interface Changes {
  readonly raise: readonly Condition[];
  /** Over: told where the kind says so. */
  readonly close: readonly Incident[];
  /** No longer of interest: what they were about is deleted, or paused. */
  readonly drop: readonly Incident[];
}

export function changesOf(situation: Situation, now: Date): Changes {
  const { syncs, credentials, open } = situation;
  const conditions = [
    ...syncs.flatMap((state) => conditionsOfSync(state, now)),
    ...credentials.flatMap((credential) => conditionsOfCredential(credential, syncs, now)),
  ];
  const found = new Set(conditions.map(keyOf));
  const openKeys = new Set(open.map(keyOf));
  const states = new Map(syncs.map((state) => [state.name, state]));
  const used = new Set(syncs.map(({ definition }) => definition.credential));
  const isGone = ({ type, name }: IncidentSubject): boolean =>
    type === 'sync' ? !states.has(name) : !used.has(name);
  const watched = open.filter(
    (incident) => WATCHED_KINDS.some((kind) => kind === incident.kind) && !found.has(keyOf(incident)),
  );
  const drop = [
    ...open.filter(({ subject }) => isGone(subject)),
    ...watched.filter(
      ({ subject, kind }) => !isGone(subject) && kind === 'stale' && isQuiet(states.get(subject.name)),
    ),
  ];
  const close = watched.filter(
    (incident) =>
      !drop.includes(incident) &&
      !(incident.kind === 'paused' && states.get(incident.subject.name)?.isPaused === true),
  );
  return { raise: conditions.filter((condition) => !openKeys.has(keyOf(condition))), close, drop };
}

/** A sync that is paused, or waits for people, has not recovered from being stale: nobody expects it to run. */
const isQuiet = (state: SyncState | undefined): boolean => state?.isPaused === true || state?.isHeld === true;

const keyOf = ({ subject, kind }: { subject: IncidentSubject; kind: string }): string =>
  `${subject.type} ${subject.name} ${kind}`;

function conditionsOfSync(state: SyncState, now: Date): Condition[] {
  const { name, definition, digestRows, lookbackRows } = state;
  const { notifications, options } = definition;
  const subject: IncidentSubject = { type: 'sync', name };
  const since = staleSince(notifications, gapOf(definition.schedule), state, now);
  const conditions: Condition[] =
    since === undefined ? [] : [{ subject, kind: 'stale', detail: { since: formatTime(since) } }];
  if (!notifications.on_warnings) return conditions;
  if (isNear(digestRows, options.digest_rows))
    conditions.push({
      subject,
      kind: 'digests_near',
      detail: { rows: digestRows, ceiling: options.digest_rows },
    });
  if (parseDuration(options.lookback) !== 0 && isNear(lookbackRows, options.lookback_rows))
    conditions.push({
      subject,
      kind: 'lookback_near',
      detail: { rows: lookbackRows, ceiling: options.lookback_rows },
    });
  return conditions;
}

function conditionsOfCredential(
  { name, expires }: CredentialDefinition,
  syncs: readonly SyncState[],
  now: Date,
): Condition[] {
  const days = daysToExpiry(expires, now);
  if (days === undefined || !syncs.some(({ definition }) => definition.credential === name)) return [];
  return [
    {
      subject: { type: 'credential', name },
      kind: 'credential_expires',
      detail: { days, expires: expires ?? '' },
    },
  ];
}

/** Measuring a cron takes milliseconds, and every look asks for every sync. */
const gaps = new Map<string, number | undefined>();

function gapOf(schedule: Schedule): number | undefined {
  const key = JSON.stringify(schedule);
  if (!gaps.has(key)) gaps.set(key, longestGapMs(schedule));
  return gaps.get(key);
}
