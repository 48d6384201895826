/** Late rows under the newer rows of their users. Pure. */
import type { RowRules } from '../../model/composed-object.ts';
import { type JsonObjectText, scanJsonObject } from '../../model/json-text.ts';
import type { SourceRow } from '../../model/row.ts';
import { composeRow } from '../../model/rules/compose-row.ts';
import { withoutSuperseded } from '../../model/supersede.ts';
import type { RowPage } from '../rows/row-page.ts';

/** What a late row still has to say; undefined where newer rows have said it all. */
export type EditRow = (row: SourceRow) => SourceRow | undefined;

interface Standing {
  readonly updatedAt: string;
  readonly payload: JsonObjectText | undefined;
}

/** @param newer rows of the users of the late ones, delivered already; those that break a rule never were */
export function underNewerRows(newer: RowPage, rules: RowRules): EditRow {
  const standing = new Map<string, Standing[]>();
  for (let index = 0; index < newer.rows; index += 1) {
    const row = newer.row(index);
    const composed = composeRow(row, rules);
    if (composed.outcome === 'rejected') continue;
    const own = standing.get(composed.identity) ?? [];
    own.push({ updatedAt: row.updatedAt, payload: payloadOf(row) });
    standing.set(composed.identity, own);
  }
  return (row) => {
    const composed = composeRow(row, rules);
    if (composed.outcome === 'rejected') return row;
    const since = (standing.get(composed.identity) ?? []).filter(
      ({ updatedAt }) => updatedAt > row.updatedAt,
    );
    if (since.length === 0) return row;
    const object = payloadOf(row);
    // A newer version of a catalog item replaces the whole item.
    if (rules.dataType === 'catalog' || !object || row.payload === null) return undefined;
    const payload = withoutSuperseded(
      { text: row.payload, object },
      since.flatMap((each) => each.payload ?? []),
    );
    return payload === undefined ? undefined : { ...row, payload };
  };
}

function payloadOf(row: SourceRow): JsonObjectText | undefined {
  const scanned = row.payload === null ? undefined : scanJsonObject(row.payload);
  return scanned?.outcome === 'object' ? scanned : undefined;
}
