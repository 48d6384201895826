/** A rejected row as it is exported: a line of CSV, or an object for scripts. */
import { IDENTIFIER_COLUMNS, type SourceRow } from '../../model/row.ts';
import type { RejectedRow } from '../../store/rejected-rows.ts';
import { csvLine } from './csv.ts';

const COLUMNS = ['updatedAt', ...IDENTIFIER_COLUMNS, 'id', 'payload'] as const;

const snake = (name: string): string => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export const REJECTED_CSV_HEADER = csvLine([
  'run',
  'rejected_at',
  ...COLUMNS.map(snake),
  'deleted',
  'code',
  'reason',
  'origin',
]);

/** Safe to open in a spreadsheet. */
export function rejectedCsvLine({ run, rejectedAt, row, code, reason, origin }: RejectedRow): string {
  const deleted = row.deleted === null ? null : String(row.deleted);
  return csvLine([
    run,
    rejectedAt.toISOString(),
    ...COLUMNS.map((column) => row[column]),
    deleted,
    code,
    reason,
    origin,
  ]);
}

export interface RejectedAsJson extends SourceRow {
  readonly run: string;
  readonly rejectedAt: string;
  readonly code: string;
  readonly reason: string;
  readonly origin: string;
  /** The run that sent it again, or `rewind`; null: a retry may still send it. */
  readonly settledBy: string | null;
}

export function rejectedAsJson(rejected: RejectedRow): RejectedAsJson {
  const { run, row, code, reason, origin, rejectedAt, settledBy } = rejected;
  return { run, rejectedAt: rejectedAt.toISOString(), code, reason, origin, settledBy, ...row };
}
