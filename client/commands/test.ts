/** `cdi test`: connection test with a preview. Nothing is sent. A sync that waits for its test starts with it. */
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { ERROR_RULES, isErrorType } from '../../model/errors.ts';
import { IDENTIFIER_COLUMNS, type SourceRow } from '../../model/row.ts';
import type { Preview } from '../../model/preview.ts';
import type { testSync } from '../../workflows/index.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import type { Session } from '../session.ts';
import { requireSync } from './require-sync.ts';
import { startAfterTest } from './pause.ts';

/** A worker that does not take the test up in this time is not there. */
const WORKER_TIMEOUT = '12 minutes';

/**
 * @param quiet only the verdict, without the preview
 * @throws CommandError `failed` with what to do
 */
export async function testOneSync(
  session: Session,
  output: Output,
  name: string,
  quiet = false,
): Promise<void> {
  await requireSync(session, name);
  const client = await session.temporal();
  const preview = randomUUID();
  try {
    await client.workflow.execute<typeof testSync>('testSync', {
      workflowId: `test/${name}/${preview}`,
      taskQueue: session.queues.control,
      args: [name, preview],
      workflowExecutionTimeout: WORKER_TIMEOUT,
      staticSummary: `connection test of ${name}`,
    });
  } catch (error) {
    throw asTestFailure(error, name, output);
  }
  const found = (await session.ledger.previews.take(preview)) as Preview | undefined;
  const started = await startAfterTest(session, name);
  if (output.json) {
    output.print(JSON.stringify({ sync: name, passed: true, ...(quiet ? {} : found) }));
    return;
  }
  if (found && !quiet) show(output, found);
  output.print(`${name}: connection test passed.${started ? ' Its schedule runs from now on.' : ''}`);
}

function show(output: Output, preview: Preview): void {
  output.print(`Columns: ${preview.columns.join(', ')}`);
  const roles = [...IDENTIFIER_COLUMNS, 'id', 'payload', 'deleted'] as const;
  const used = roles.filter((role) => preview.rows.some((row) => row[role] !== null));
  output.print(
    table(
      ['UPDATED_AT', ...used],
      preview.rows.map((row) => [row.updatedAt, ...used.map((role) => cell(row, role))]),
    ),
  );
  for (const { method, path, body } of preview.requests) output.print(`\n${method} ${path}\n${body}`);
  for (const { row, code, reason } of preview.rejected) {
    output.print(`Row ${row + 1} would be rejected: ${reason} (${code})`);
  }
  if (preview.futureRows > 0) output.print(`${preview.futureRows} rows have an UPDATED_AT in the future.`);
  if (preview.nullRows > 0) output.print(`${preview.nullRows} rows have no UPDATED_AT and are never sent.`);
  output.print('');
}

const LONGEST_CELL = 60;

function cell(row: SourceRow, role: keyof SourceRow): string {
  const text = String(row[role] ?? '');
  return text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL - 1)}…` : text;
}

/** @param subject what was tested, for the message */
export function asTestFailure(error: unknown, subject: string, output: Output): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  if (error.cause instanceof TimeoutFailure) {
    return new CommandError(EXIT.unreachable, 'No worker took the test up. Is one running?');
  }
  const activity = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (activity instanceof ApplicationFailure && isErrorType(activity.type)) {
    const [detail] = (activity.details ?? []) as ({ message?: string; code?: string | null } | undefined)[];
    const message = detail?.message ?? activity.message;
    if (output.json)
      output.print(
        JSON.stringify({ subject, passed: false, type: activity.type, message, code: detail?.code ?? null }),
      );
    return new CommandError(
      EXIT.failed,
      `${subject}: ${message}\n  ${ERROR_RULES[activity.type].hint} (${activity.type})`,
    );
  }
  return new CommandError(EXIT.failed, `${subject}: the test failed; see the worker log.`);
}
