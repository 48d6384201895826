/** Which rejected rows of one user may be sent again, and as what. Pure. */
import { type LeftCounts, type LeftReason, NONE_LEFT } from '../../model/retry.ts';

/** A rejected row on offer. `row` is only handed through. */
export interface OfferedVersion<R> {
  readonly id: number;
  /** UPDATED_AT; equal for all rows of a table that is read whole, where it means nothing. */
  readonly at: string;
  /** Equal for equal rows. */
  readonly digest: string;
  readonly isDelete: boolean;
  readonly row: R;
}

/** A row of the user as it stands in the table. */
export interface StandingVersion<R> {
  readonly digest: string;
  readonly isDelete: boolean;
  readonly row: R;
}

/** What stands in the table of one user. */
export interface Standing<R> {
  /** The rows at the instants of the rejected rows. */
  readonly at: ReadonlyMap<string, readonly StandingVersion<R>[]>;
  /** The newest of all other instants; null where there is none. */
  readonly newestOther: string | null;
}

export interface ChoiceRules {
  /** Send the rows as they were when rejected, instead of as they are in the table. */
  readonly asRejected: boolean;
  /** Events and purchases: nothing they bring replaces anything. */
  readonly isAppended: boolean;
  /** Whether rows that delete may go. */
  readonly deletes: boolean;
  /** Whether ordinary runs look at each row of this instant, so that a changed one is theirs. */
  readonly isExamined: (at: string) => boolean;
}

export interface Choice<R> {
  readonly send: readonly { readonly id: number; readonly row: R }[];
  readonly left: LeftCounts;
}

/** What becomes of one rejected row: what goes out for it and whether that stands in the table, or why nothing does. */
type Fate<R> =
  | { readonly id: number; readonly version: Version<R>; readonly stands: boolean }
  | { readonly reason: LeftReason };

interface Version<R> {
  readonly isDelete: boolean;
  readonly row: R;
}

/**
 * Goes from the newest instant to the oldest: a row may go only where everything newer of the user goes with it, for
 * otherwise it would be sent over something newer.
 *
 * @param offered the rejected rows of one user, in the order of UPDATED_AT
 * @returns rows in the order of UPDATED_AT
 */
export function chooseRows<R>(
  offered: readonly OfferedVersion<R>[],
  standing: Standing<R>,
  rules: ChoiceRules,
): Choice<R> {
  const left: Record<LeftReason, number> = { ...NONE_LEFT };
  const send: { id: number; row: R }[] = [];
  /** The newest instant of which something stays as it is. */
  let kept = standing.newestOther;
  for (const [at, versions] of [...Map.groupBy(offered, (version) => version.at)].reverse()) {
    const here = standing.at.get(at) ?? [];
    const isOvertaken = !rules.isAppended && kept !== null && kept > at;
    const fates = isOvertaken
      ? versions.map((): Fate<R> => ({ reason: 'newer' }))
      : fatesAt(at, versions, here, rules).map((fate) => withoutDeletes(fate, rules));
    let staying = here.length;
    for (const fate of fates.toReversed()) {
      if ('reason' in fate) left[fate.reason] += 1;
      else {
        send.unshift({ id: fate.id, row: fate.version.row });
        if (fate.stands) staying -= 1;
      }
    }
    if (staying > 0 && (kept === null || at > kept)) kept = at;
  }
  return { send, left };
}

function withoutDeletes<R>(fate: Fate<R>, rules: ChoiceRules): Fate<R> {
  return !rules.deletes && 'version' in fate && fate.version.isDelete ? { reason: 'deletes' } : fate;
}

/** Pairs each rejected row with one that stands unchanged; then decides about the others. */
function fatesAt<R>(
  at: string,
  offered: readonly OfferedVersion<R>[],
  here: readonly StandingVersion<R>[],
  rules: ChoiceRules,
): Fate<R>[] {
  const unpaired = Map.groupBy(here, ({ digest }) => digest);
  const fates: Fate<R>[] = [];
  const changed: OfferedVersion<R>[] = [];
  for (const version of offered) {
    const stands = unpaired.get(version.digest)?.pop();
    if (stands) fates.push({ id: version.id, version: rules.asRejected ? version : stands, stands: true });
    else changed.push(version);
  }
  return [...fates, ...changedFates(at, changed, [...unpaired.values()].flat(), rules)];
}

function changedFates<R>(
  at: string,
  changed: readonly OfferedVersion<R>[],
  others: readonly StandingVersion<R>[],
  rules: ChoiceRules,
): Fate<R>[] {
  const all = (reason: LeftReason): Fate<R>[] => changed.map(() => ({ reason }));
  if (rules.asRejected) {
    if (!rules.isAppended && others.length > 0) return all('newer');
    return changed.map((version) => ({ id: version.id, version, stands: false }));
  }
  if (others.length === 0) return all('gone');
  // Ordinary runs find a changed row of such an instant by its digest.
  if (rules.isExamined(at)) return all('newer');
  if (others.length !== changed.length) return all('ambiguous');
  return changed.flatMap(({ id }, index) => {
    const version = others[index];
    return version ? [{ id, version, stands: true }] : [];
  });
}
