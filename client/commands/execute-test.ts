/** Carries out tests and counts as workflows, for a worker alone has a way to the warehouses. */
import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { ERROR_RULES, type ErrorType, isErrorType } from '../../model/errors.ts';
import type { Instruction, SetupSource } from '../../model/setup/setup-guide.ts';
import type { checkSetup, testCredential, testSync } from '../../workflows/index.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { instructionText } from '../output/instruction.ts';
import type { Session } from '../session.ts';

/** More than the test's own timeouts and retries add up to. */
export const WORKER_TIMEOUT = '12 minutes';
/** A worker that polls takes a test up at once. */
const WORKER_PATIENCE_MS = 15_000;
/** Events of a workflow that no worker has touched: that it started, and that its first task waits. */
const UNTOUCHED_EVENTS = 2;

/** A test that was carried out and failed. */
export class TestFailure extends CommandError {
  readonly type: ErrorType;
  /** The vendor's own code. */
  readonly vendorCode: string | null;
  /** What happened, without what to do. */
  readonly finding: string;
  /** What to do, in the warehouse's own statements; undefined where the hint of the type says it all. */
  readonly remedy: Instruction | undefined;
  readonly #subject: string;

  constructor(
    subject: string,
    type: ErrorType,
    finding: string,
    vendorCode: string | null,
    remedy?: Instruction,
  ) {
    const paste = remedy ? `\n\n${instructionText(remedy)}\n` : '';
    super(EXIT.failed, `${subject}: ${finding}\n  ${ERROR_RULES[type].hint} (${type})${paste}`);
    this.#subject = subject;
    this.type = type;
    this.finding = finding;
    this.vendorCode = vendorCode;
    this.remedy = remedy;
  }

  /** The same failure with what to do about it. */
  with(remedy: Instruction | undefined): TestFailure {
    return remedy ? new TestFailure(this.#subject, this.type, this.finding, this.vendorCode, remedy) : this;
  }
}

/**
 * Tests the source of a sync; the preview is left in the ledger under an id.
 *
 * @returns the id of the preview
 * @throws TestFailure with what to do; CommandError `unreachable` where no worker takes the test up
 */
export async function executeSyncTest(session: Session, name: string): Promise<string> {
  const client = await session.temporal();
  const preview = randomUUID();
  const handle = await client.workflow.start<typeof testSync>('testSync', {
    workflowId: `test/${name}/${preview}`,
    taskQueue: session.queues.control,
    args: [name, preview],
    workflowExecutionTimeout: WORKER_TIMEOUT,
    staticSummary: `connection test of ${name}`,
  });
  await answerOf(session, handle, name, 'the test');
  return preview;
}

/**
 * @returns the warehouse's present time
 * @throws as `executeSyncTest`
 */
export async function executeCredentialTest(session: Session, name: string): Promise<string> {
  const client = await session.temporal();
  const handle = await client.workflow.start<typeof testCredential>('testCredential', {
    workflowId: `test-credential/${name}/${randomUUID()}`,
    taskQueue: session.queues.control,
    args: [name],
    workflowExecutionTimeout: WORKER_TIMEOUT,
    staticSummary: `connection test of the credential ${name}`,
  });
  return answerOf(session, handle, name, 'the test');
}

/**
 * Tests whether a credential can read a table.
 *
 * @returns the warehouse's present time, and the columns of the table that bear a name of ours
 * @throws as `executeSyncTest`; columns that do not fit are no failure
 */
export async function executeSetupCheck(
  session: Session,
  credential: string,
  { dataType, schema, table }: SetupSource,
): Promise<Awaited<ReturnType<typeof checkSetup>>> {
  const client = await session.temporal();
  const handle = await client.workflow.start<typeof checkSetup>('checkSetup', {
    workflowId: `check-setup/${credential}/${randomUUID()}`,
    taskQueue: session.queues.control,
    args: [{ credential, source: { schema, table }, dataType }],
    workflowExecutionTimeout: WORKER_TIMEOUT,
    staticSummary: `check of ${schema}.${table} with the credential ${credential}`,
  });
  return answerOf(session, handle, credential, 'the check');
}

/**
 * Waits for what a worker finds out.
 *
 * @param what is asked of it, in words
 * @throws TestFailure with what to do; CommandError `unreachable` where no worker takes it up
 */
export async function answerOf<T>(
  session: Session,
  handle: Pick<WorkflowHandle, 'describe' | 'terminate'> & { result(): Promise<T> },
  subject: string,
  what: string,
): Promise<T> {
  const noWorker = Promise.withResolvers<never>();
  const patience = setTimeout(() => {
    handle
      .describe()
      .then(({ historyLength }) => {
        if (historyLength <= UNTOUCHED_EVENTS) noWorker.reject(untaken(session, what));
      })
      .catch(noWorker.reject);
  }, WORKER_PATIENCE_MS);
  try {
    return await Promise.race([handle.result(), noWorker.promise]);
  } catch (error) {
    if (error instanceof CommandError) {
      await handle.terminate(`No worker took ${what} up.`).catch(() => undefined);
    }
    throw explain(error, subject, session, what);
  } finally {
    clearTimeout(patience);
  }
}

function untaken(session: Session, what: string): CommandError {
  return new CommandError(
    EXIT.unreachable,
    `No worker on the queue ${session.queues.control} took ${what} up. Is one running?`,
  );
}

function explain(error: unknown, subject: string, session: Session, what: string): unknown {
  if (!(error instanceof WorkflowFailedError)) return error;
  if (error.cause instanceof TimeoutFailure) return untaken(session, what);
  const activity = error.cause instanceof ActivityFailure ? error.cause.cause : error.cause;
  if (activity instanceof ApplicationFailure && isErrorType(activity.type)) {
    const [detail] = (activity.details ?? []) as ({ message?: string; code?: string | null } | undefined)[];
    return new TestFailure(subject, activity.type, detail?.message ?? activity.message, detail?.code ?? null);
  }
  return new CommandError(EXIT.failed, `${subject}: ${what} failed; see the worker log.`);
}
