/** Custom events: one per row. Source: the reference, section 1.6. */
import type { Composed, RowRules } from '../composed-object.ts';
import type { SourceRow } from '../row.ts';
import { type FieldRule, composeOccurrence, textOf } from './occurrence.ts';

export const EVENT_FIELDS: Readonly<Record<string, FieldRule>> = {
  name: (name) => (name?.kind === 'string' && textOf(name) !== '' ? undefined : 'event_name_invalid'),
};

export function composeEvent(row: SourceRow, rules: RowRules): Composed {
  return composeOccurrence('events', row, rules, EVENT_FIELDS);
}
