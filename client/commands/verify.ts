/** `cdi verify`: rows in the table against rows delivered, rejected and waiting, with the difference explained. */
import { randomUUID } from 'node:crypto';
import { rewindTimeSchema } from '../../model/definitions.ts';
import { differenceOf, type Verification } from '../../model/reconciliation.ts';
import type { verifySync } from '../../workflows/index.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import { wrap } from '../output/wrap.ts';
import type { Session } from '../session.ts';
import { answerOf, WORKER_TIMEOUT } from './execute-test.ts';
import { requireSync } from './require-sync.ts';

export interface VerifyOptions {
  /** UTC times; undefined: no bound. */
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/**
 * @throws CommandError `failed` where the table has rows behind the watermark that no run has read; `usage` for a time that
 *   is none or a sync that reads its table whole; `busy` while a run is open
 */
export async function verifyOneSync(
  session: Session,
  output: Output,
  name: string,
  options: VerifyOptions,
): Promise<void> {
  const { definition } = await requireSync(session, name);
  if (definition.full_refresh)
    throw new CommandError(
      EXIT.usage,
      `${name} reads its table whole in each run: nothing lies behind a watermark.`,
    );
  const [from, to] = [timeOf('--from', options.from), timeOf('--to', options.to)];
  if ((await session.ledger.runs.unfinished(name)).length > 0)
    throw new CommandError(EXIT.busy, `A run of ${name} is under way: its rows cannot be counted yet.`);
  const client = await session.temporal();
  const handle = await client.workflow.start<typeof verifySync>('verifySync', {
    workflowId: `verify/${name}/${randomUUID()}`,
    taskQueue: session.queues.control,
    args: [{ sync: name, from, to }],
    workflowExecutionTimeout: WORKER_TIMEOUT,
    staticSummary: `table and ledger of ${name} compared`,
  });
  const verification = await answerOf(session, handle, name, 'the count');
  const { unread, gone } = differenceOf(verification);
  output.print(
    output.json
      ? JSON.stringify({ sync: name, ...verification, unread, gone })
      : verificationText(name, verification),
  );
  if (unread > 0)
    throw new CommandError(
      EXIT.failed,
      `${name}: at least ${unread} rows behind the watermark were never read.`,
    );
}

function timeOf(option: string, text: string | undefined): string | null {
  if (text === undefined || text === 'beginning') return null;
  if (rewindTimeSchema.safeParse(text).success) return text;
  throw new CommandError(EXIT.usage, `${option}: write a UTC time such as 2026-01-31T00:00:00Z.`);
}

export function verificationText(name: string, verification: Verification): string {
  const { window, watermark, waiting, withoutTimestamp, rejectedOnOffer } = verification;
  const { unread, gone } = differenceOf(verification);
  const rows: (readonly [string, number])[] = [];
  if (window) {
    rows.push(
      ['in the table', window.inTable],
      ['delivered', window.sent],
      ['rejected', window.rejected],
      ['in the table, never read', unread],
      ['handled, updated or deleted since', gone],
    );
  }
  rows.push(
    ['waiting: for the next run', waiting.due],
    ['waiting: within the safety lag', waiting.recent],
    ['waiting: UPDATED_AT in the future', waiting.future],
    ['without UPDATED_AT, never sent', withoutTimestamp],
    ['rejected, on offer to `cdi retry`', rejectedOnOffer],
  );
  const stretch = window
    ? `${name}: UPDATED_AT ${window.from === null ? 'from the beginning' : `${window.inclusive ? 'from' : 'after'} ${window.from}`} to ${window.to}`
    : watermark === null
      ? `${name}: nothing is delivered yet`
      : `${name}: no run since the watermark was set to ${watermark} is on record`;
  const words = [
    ...(unread > 0
      ? [
          'Rows were never read that came in after the watermark had passed their UPDATED_AT: written by a transaction that took ' +
            'longer than `safety_lag`, or with a time of the past. `lookback` finds such rows from now on; ' +
            `\`cdi rewind ${name} --to TIME\` sends everything again from a time on.`,
        ]
      : []),
    ...(gone > 0
      ? [
          'Rows are not where they were: an update moves a row to its new UPDATED_AT, where it counts again, and a delete takes ' +
            'it away. As many rows that were never read may hide behind them: compare soon after a run.',
        ]
      : []),
  ];
  return [stretch, '', table(['Rows', 'Number'], rows), ...words.map((text) => `\n${wrap(text)}`)].join('\n');
}
