/** Gathers from the ledger what is told of a run. */
import { IDENTIFIER_COLUMNS, type SourceRow } from '../model/row.ts';
import type { StoredSync } from '../store/definitions.ts';
import type { Ledger } from '../store/ledger.ts';
import type { RunRecord } from '../store/runs.ts';
import type { NotifySettings } from './dependencies.ts';
import { type Rejection, type RowIdentifier, type RunReport, reportedError } from './run-report.ts';
import { setupAdvice } from './setup-advice.ts';

const EXAMPLES = 3;

/** @returns undefined while the run is under way */
export async function reportOfRun(
  ledger: Ledger,
  { name, definition }: StoredSync,
  record: RunRecord,
  settings: NotifySettings,
): Promise<RunReport | undefined> {
  const { id: run, status } = record;
  if (status === 'running') return undefined;
  const error = reportedError(record);
  return {
    sync: name,
    run,
    dataType: definition.data_type,
    source: `${definition.source.schema}.${definition.source.table}`,
    workspace: definition.workspace,
    trigger: record.trigger,
    status,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
    counts: record.counts,
    watermark: record.watermarkAfter,
    error,
    setup: await setupAdvice(ledger, definition, error?.type, settings.egress),
    held: record.held,
    rejections: await rejectionsOf(ledger, name, run),
    futureRows: record.futureRows,
    nullTimestampRows: record.nullRows,
    unreadRows: record.unreadRows,
    warnings: record.warnings,
    links: { temporal: linkTo(settings.temporalUi, settings.namespace, name, record.workflowRunId) },
  };
}

async function rejectionsOf(ledger: Ledger, sync: string, run: string): Promise<Rejection[]> {
  const rejections: Rejection[] = [];
  for (const { code, reason, count } of await ledger.rejectedRows.countsByReason(run)) {
    const examples = await ledger.rejectedRows.list(sync, { run, code, limit: EXAMPLES });
    rejections.push({
      code,
      reason,
      count,
      examples: examples.map(({ row }) => ({ updatedAt: row.updatedAt, identifier: identifierOf(row) })),
    });
  }
  return rejections;
}

/** The first identifier column that a row fills. */
function identifierOf(row: SourceRow): RowIdentifier | null {
  for (const column of ['id', ...IDENTIFIER_COLUMNS] as const) {
    const value = row[column];
    if (value) return { column: column.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase(), value };
  }
  return null;
}

function linkTo(ui: string | undefined, namespace: string, sync: string, runId: string): string | undefined {
  if (ui === undefined) return undefined;
  return `${ui}/namespaces/${namespace}/workflows/${encodeURIComponent(`sync/${sync}`)}/${runId}/timeline`;
}
