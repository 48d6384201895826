/** Rejected rows as a file, streamed: however many there are, a page of them lies in memory. */
import { allRejected } from '../client/commands/rejected.ts';
import { REJECTED_CSV_HEADER, rejectedAsJson, rejectedCsvLine } from '../client/output/rejected-row.ts';
import type { Session } from '../client/session.ts';
import type { RejectedRow } from '../store/rejected-rows.ts';

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const CONTENT_TYPES: Readonly<Record<ExportFormat, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson',
};

const LINES_PER_CHUNK = 200;

/** @param rows in the order of the file */
export function exportResponse(
  format: ExportFormat,
  sync: string,
  rows: AsyncIterable<RejectedRow> | Iterable<RejectedRow>,
): Response {
  return new Response(ReadableStream.from(chunks(format, rows)), {
    headers: {
      'Content-Type': CONTENT_TYPES[format],
      'Content-Disposition': `attachment; filename="${sync}-rejected.${format}"`,
    },
  });
}

/** Every rejected row of a sync that is kept. */
export function exportAll(
  session: Session,
  format: ExportFormat,
  sync: string,
  options: Parameters<typeof allRejected>[2],
): Response {
  return exportResponse(format, sync, allRejected(session, sync, options));
}

async function* chunks(
  format: ExportFormat,
  rows: AsyncIterable<RejectedRow> | Iterable<RejectedRow>,
): AsyncGenerator<Uint8Array> {
  const lines = format === 'csv' ? [REJECTED_CSV_HEADER] : [];
  for await (const row of rows) {
    lines.push(format === 'csv' ? rejectedCsvLine(row) : JSON.stringify(rejectedAsJson(row)));
    if (lines.length >= LINES_PER_CHUNK) yield encoded(lines.splice(0));
  }
  if (lines.length > 0) yield encoded(lines);
}

const encoded = (lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join('\n')}\n`);
