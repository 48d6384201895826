/** The rows of a large table, as a server can make them by itself. */
import type { StandInRow } from '../stand-in.ts';

export const LARGE_TABLE_START = '2026-01-01T00:00:00';
/** So many rows share an instant. */
export const ROWS_PER_INSTANT = 4;

/**
 * Row n. In PostgreSQL's SQL, over `generate_series(0, rows - 1) n`:
 * `timestamptz '2026-01-01 00:00:00Z' + (n / 4) * interval '1 millisecond'`, `'u' || n`, and
 * `'{"n":' || n || ',"text":"' || repeat('x', payloadBytes) || '"}'`; every other column is NULL.
 */
export function largeRow(n: number, payloadBytes: number): StandInRow {
  const ms = Date.parse(`${LARGE_TABLE_START}Z`) + Math.floor(n / ROWS_PER_INSTANT);
  return {
    updatedAt: new Date(ms).toISOString().replace('Z', '000000'),
    externalId: `u${n}`,
    payload: `{"n":${n},"text":"${'x'.repeat(payloadBytes)}"}`,
  };
}
