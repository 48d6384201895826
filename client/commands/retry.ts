/** `cdi retry`: sends rejected rows again, as a run of its own. The watermark stays where it is. */
import type { RetryRequest } from '../../model/retry.ts';
import type { retryRun } from '../../workflows/index.ts';
import type { RunRecord } from '../../store/runs.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import type { Session } from '../session.ts';
import { confirm } from './delete.ts';
import { requireSync } from './require-sync.ts';
import { requireRun } from './rejected.ts';
import { type RunOptions, followRun, startRun } from './run.ts';

export interface RetryOptions extends RunOptions {
  /** Default: every run. */
  readonly run: string | undefined;
  readonly asRejected: boolean;
  readonly deletes: boolean;
  readonly by: string;
}

/**
 * @returns the run; undefined where it is not waited for, or nothing is on offer
 * @throws CommandError `notFound` where the sync has no such run, `usage` where only deletes are on offer and nobody
 *   said that they may go, `busy`, `failed`
 */
export async function retryRejected(
  session: Session,
  output: Output,
  name: string,
  options: RetryOptions,
): Promise<RunRecord | undefined> {
  const { ofRun, rows, deletes } = await offeredForRetry(session, name, options.run);
  if (rows === 0) {
    if (output.json) output.print(JSON.stringify({ sync: name, rows: 0 }));
    else output.print(`${name}: no rejected rows to send again.`);
    return undefined;
  }
  const request: RetryRequest = {
    ofRun,
    asRejected: options.asRejected,
    deletes: await mayDelete(output, name, deletes, rows, options.deletes),
    by: options.by,
  };
  output.say(`${name}: ${rows.toLocaleString('en-US')} rejected rows are looked up.`);
  const run = await startRetry(session, name, request);
  return followRun(session, output, name, run, options);
}

export interface RetryOffer {
  /** The one run whose rows are meant; null: every run. */
  readonly ofRun: string | null;
  /** Rejected rows that a retry may send. */
  readonly rows: number;
  /** Those of them that delete. */
  readonly deletes: number;
}

/** @param run default: every run @throws CommandError `notFound` where the sync has no such run */
export async function offeredForRetry(
  session: Session,
  name: string,
  run: string | undefined,
): Promise<RetryOffer> {
  const { definition } = await requireSync(session, name);
  const ofRun = run === undefined ? null : await requireRun(session, name, run);
  const { rows, deleted } = await session.ledger.rejectedRows.onOffer(name, ofRun ?? undefined);
  return { ofRun, rows, deletes: definition.data_type === 'user_deletes' ? rows : deleted };
}

/** @returns the run's id @throws CommandError `busy` */
export function startRetry(session: Session, name: string, request: RetryRequest): Promise<string> {
  return startRun<typeof retryRun>(session, name, 'retryRun', { sync: name, request }, 'rejected rows');
}

/** Deletes cannot be taken back, so they are asked for by themselves. */
async function mayDelete(
  output: Output,
  name: string,
  deletes: number,
  rows: number,
  isSaid: boolean,
): Promise<boolean> {
  if (isSaid || deletes === 0) return isSaid;
  const question = `${deletes.toLocaleString('en-US')} of the rejected rows of ${name} delete. Send them too?`;
  if (process.stdin.isTTY && !output.json) {
    try {
      await confirm(output, question, false);
      return true;
    } catch (error) {
      if (error instanceof CommandError && deletes < rows) return false;
      throw error;
    }
  }
  if (deletes === rows) throw new CommandError(EXIT.usage, `${question} Say so with --deletes.`);
  return false;
}
