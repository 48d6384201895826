/** Rows and rules that the tests of the row rules share. */
import type { ComposedObject, RowRules } from '../../../../model/composed-object.ts';
import type { SourceRow } from '../../../../model/row.ts';
import { composeRow } from '../../../../model/rules/compose-row.ts';

const EMPTY: SourceRow = {
  updatedAt: '2026-01-31 10:15:00.123456',
  externalId: null,
  aliasName: null,
  aliasLabel: null,
  brazeId: null,
  email: null,
  phone: null,
  id: null,
  payload: null,
  deleted: null,
};

/** A row that names no one unless told. */
export const row = (fields: Partial<SourceRow>): SourceRow => ({ ...EMPTY, ...fields });

/** A row of the user `u1`. */
export const userRow = (payload: unknown, fields: Partial<SourceRow> = {}): SourceRow =>
  row({
    externalId: 'u1',
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload),
    ...fields,
  });

/** A row of the catalog item `i1`. */
export const itemRow = (payload: unknown, fields: Partial<SourceRow> = {}): SourceRow =>
  row({ id: 'i1', payload: typeof payload === 'string' ? payload : JSON.stringify(payload), ...fields });

export const rules = (dataType: RowRules['dataType'], updateExistingOnly = false): RowRules => ({
  dataType,
  updateExistingOnly,
});

export const ATTRIBUTES = rules('attributes');
export const EVENTS = rules('events');
export const PURCHASES = rules('purchases');
export const USER_DELETES = rules('user_deletes');
export const CATALOG = rules('catalog');

export function composed(source: SourceRow, applied: RowRules): ComposedObject {
  const result = composeRow(source, applied);
  if (result.outcome === 'rejected') throw new Error(`rejected: ${result.code}`);
  return result;
}

export function codeOf(source: SourceRow, applied: RowRules): string {
  const result = composeRow(source, applied);
  return result.outcome === 'rejected' ? result.code : 'accepted';
}
