/** Tells people what they asked to be told about a run that has ended, or that it waits for them. */
import { IDENTIFIER_COLUMNS, type SourceRow } from '../model/row.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { decideNotification } from './notify/decide.ts';
import { renderMail } from './notify/render-mail.ts';
import { type Rejection, type RowIdentifier, type RunReport, reportedError } from './notify/run-report.ts';
import { setupAdvice } from './notify/setup-advice.ts';

export interface NotifyInput {
  readonly sync: string;
  readonly run: string;
}

const EXAMPLES = 3;

/**
 * @returns the kind of notification that is out now, or `none`
 * @throws CdiError `mail_unavailable` where nobody could be reached
 */
export function notify({ ledger, mail, log, settings }: ActivityDependencies) {
  return async ({ sync: name, run }: NotifyInput): Promise<string> => {
    const record = await ledger.runs.get(run);
    const sync = (await ledger.definitions.syncs()).find((candidate) => candidate.name === name);
    if (!record || record.status === 'running' || !sync) return 'none';
    const { definition } = sync;
    const error = reportedError(record);
    const report: RunReport = {
      sync: name,
      run,
      dataType: definition.data_type,
      source: `${definition.source.schema}.${definition.source.table}`,
      workspace: definition.workspace,
      trigger: record.trigger,
      status: record.status,
      startedAt: record.startedAt,
      finishedAt: record.finishedAt,
      counts: record.counts,
      watermark: record.watermarkAfter,
      error,
      setup: await setupAdvice(ledger, definition, error?.type, settings.egress),
      held: record.held,
      rejections: [],
      futureRows: record.futureRows,
      nullTimestampRows: record.nullRows,
      warnings: record.warnings,
      links: { temporal: linkTo(settings.temporalUi, settings.namespace, name, record.workflowRunId) },
    };
    const kind = decideNotification(report, definition.notifications);
    if (!kind || (await ledger.notifications.wasSent(run, kind))) return kind ?? 'none';
    if (!mail) {
      log.warn({ sync: name, run, kind }, 'a notification is due but no mail server is configured');
      return 'none';
    }
    const rejections = await rejectionsOf();
    const { refused } = await mail.send(
      renderMail(kind, { ...report, rejections }, definition.notifications.contacts),
    );
    if (refused > 0) log.warn({ sync: name, run, kind, refused }, 'the mail server refused some recipients');
    await ledger.notifications.markSent(run, kind);
    return kind;

    async function rejectionsOf(): Promise<Rejection[]> {
      const rejections: Rejection[] = [];
      for (const { code, reason, count } of await ledger.rejectedRows.countsByReason(run)) {
        const examples = await ledger.rejectedRows.list(name, { run, code, limit: EXAMPLES });
        rejections.push({
          code,
          reason,
          count,
          examples: examples.map(({ row }) => ({ updatedAt: row.updatedAt, identifier: identifierOf(row) })),
        });
      }
      return rejections;
    }
  };
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
