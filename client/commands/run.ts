/** `cdi run`: one run now. The schedule stays as it is. */
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { ERROR_RULES, isErrorType } from '../../model/errors.ts';
import { runWorkflowId } from '../../model/names.ts';
import type { retryRun, syncRun } from '../../workflows/index.ts';
import type { RunRecord } from '../../store/runs.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { progressLine } from '../output/progress-bar.ts';
import type { Session } from '../session.ts';
import { heldNotice, runAsJson, runSummary } from './describe-run.ts';
import { requireSync } from './require-sync.ts';

export interface RunOptions {
  readonly wait: boolean;
}

const POLL_MS = 300;
const SAY_EVERY_MS = 5_000;

/**
 * Starts a run and, unless told otherwise, waits for its end with a progress bar.
 *
 * @throws CommandError `busy` where a run is under way, `failed` where this one failed
 */
export async function runSync(
  session: Session,
  output: Output,
  name: string,
  options: RunOptions,
): Promise<RunRecord | undefined> {
  await requireSync(session, name);
  const runId = await startRun(session, name, 'syncRun', { sync: name, trigger: 'manual' }, 'by hand');
  return followRun(session, output, name, runId, options);
}

/**
 * Starts a run under the id that is its sync's lock.
 *
 * @param how what the Temporal UI shows beside it
 * @returns the run's id
 * @throws CommandError `busy` where a run is under way
 */
export async function startRun<T extends typeof syncRun | typeof retryRun>(
  session: Session,
  name: string,
  workflow: T extends typeof syncRun ? 'syncRun' : 'retryRun',
  input: Parameters<T>[0],
  how: string,
): Promise<string> {
  const client = await session.temporal();
  try {
    const handle = await client.workflow.start(workflow, {
      workflowId: runWorkflowId(name),
      workflowIdConflictPolicy: 'FAIL',
      taskQueue: session.queues.control,
      args: [input],
      staticSummary: `${name}, ${how}`,
      typedSearchAttributes: [{ key: defineSearchAttributeKey('SyncName', 'KEYWORD'), value: name }],
    });
    return handle.firstExecutionRunId;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      throw new CommandError(
        EXIT.busy,
        `Another job is in progress: a run of ${name} is under way. See \`cdi status\`.`,
      );
    }
    throw error;
  }
}

/**
 * Waits for the end of a run that was started, unless told otherwise, and prints what it did.
 *
 * @throws CommandError `failed` where it failed
 */
export async function followRun(
  session: Session,
  output: Output,
  name: string,
  runId: string,
  options: RunOptions,
): Promise<RunRecord | undefined> {
  if (!options.wait) {
    output.print(
      output.json ? JSON.stringify({ sync: name, run: runId }) : `Started run ${runId} of ${name}.`,
    );
    return undefined;
  }
  const record = await waitForRun(session, output, name, runId);
  output.print(output.json ? JSON.stringify(runAsJson(record)) : runSummary(record));
  if (record.status !== 'success' && record.status !== 'partial') {
    throw new CommandError(EXIT.failed, failureText(record));
  }
  return record;
}

function failureText({ error, status }: RunRecord): string {
  if (error && isErrorType(error.type)) return `${error.type}: ${ERROR_RULES[error.type].hint}`;
  if (status === 'running') return 'The run was terminated; the ledger will close it within a minute.';
  return `The run ended as ${status}.`;
}

/** Follows a run in the ledger while its workflow is open. */
async function waitForRun(session: Session, output: Output, name: string, runId: string): Promise<RunRecord> {
  const client = await session.temporal();
  const handle = client.workflow.getHandle(runWorkflowId(name), runId);
  let ended = false;
  const result = handle
    .result()
    .catch((error: unknown) => {
      // How it ended is in the ledger; only trouble with Temporal itself is an error here.
      if (!(error instanceof WorkflowFailedError)) throw error;
    })
    .finally(() => {
      ended = true;
    });
  result.catch(() => undefined);
  const began = Date.now();
  let said = began;
  let noticed = false;
  let toldOfHold = false;
  while (!ended) {
    await Promise.race([sleep(POLL_MS), result.catch(() => undefined)]);
    const record = await session.ledger.runs.get(runId);
    const line = progressLine(
      name,
      record?.counts ?? emptyCounts,
      (Date.now() - (record?.startedAt.getTime() ?? began)) / 1_000,
    );
    output.progress(line);
    if (!output.interactive && !output.json && !ended && Date.now() - said >= SAY_EVERY_MS) {
      said = Date.now();
      output.say(line);
    }
    if (record?.status === 'held' && record.held && !toldOfHold) {
      toldOfHold = true;
      output.progress('');
      output.say(heldNotice(name, record.held));
    }
    if (!record && !noticed && Date.now() - began > 15_000) {
      noticed = true;
      output.say(`The run waits for a worker on the queue ${session.queues.control}. Is one running?`);
    }
  }
  output.progress('');
  await result;
  const record = await session.ledger.runs.get(runId);
  if (!record)
    throw new CommandError(
      EXIT.failed,
      'The run ended before it could be recorded; look at it in the Temporal UI.',
    );
  return record;
}

const emptyCounts = { read: 0, sent: 0, rejected: 0, requests: 0, possiblyDoubled: 0 };
