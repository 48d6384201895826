import type { SourceRow } from '../../model/row.ts';

/** A row with one external id and a small payload, for tests to vary. */
export function sourceRow(change: Partial<SourceRow> = {}): SourceRow {
  return {
    updatedAt: '2026-01-01 00:00:00.000001',
    externalId: 'a',
    aliasName: null,
    aliasLabel: null,
    brazeId: null,
    email: null,
    phone: null,
    id: null,
    payload: '{"a":1}',
    deleted: null,
    ...change,
  };
}
