/** Gives every error of an activity one of the pipeline's types, in one place, and keeps row values out of it. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { syncOfWorkflow } from '../model/names.ts';
import { type Crash, crashOf } from '../model/crash.ts';
import { CdiError, adviceOn, classify } from '../model/errors.ts';
import { isConnectionError } from '../store/connection-error.ts';
import type { Log } from './dependencies.ts';

type Step<A extends unknown[], R> = (...args: A) => Promise<R>;

/**
 * Wraps a step so that what it throws reaches Temporal as a failure with a stable type, a safe message and the right
 * retry behaviour. The error itself is logged, without its message: drivers quote values of rows.
 */
export function castErrors<A extends unknown[], R>(step: Step<A, R>, log: Log): Step<A, R> {
  return async (...args) => {
    try {
      return await step(...args);
    } catch (error) {
      const context = Context.current();
      if (error instanceof CancelledFailure || error instanceof ApplicationFailure) throw error;
      const known =
        isConnectionError(error) && !(error instanceof CdiError) ? ledgerUnavailable(error) : error;
      if (context.cancellationSignal.aborted && !isFinal(known))
        throw new CancelledFailure('The activity was cancelled.');
      throw toFailure(known, context, log, placeOf(args, context));
    }
  };
}

const isFinal = (error: unknown): boolean => error instanceof CdiError && !classify(error).retryable;

function ledgerUnavailable(cause: unknown): CdiError {
  return new CdiError('ledger_unavailable', 'The ledger database does not answer.', { cause });
}

function toFailure(error: unknown, context: Context, log: Log, place: Place): ApplicationFailure {
  const { type, message, retryable } = classify(error);
  const { activityType, attempt, workflowExecution } = context.info;
  const fields = {
    ...place,
    activity: activityType,
    attempt,
    workflow: workflowExecution?.workflowId,
    type,
    code: error instanceof CdiError ? error.vendorCode : undefined,
    ...(type === 'internal' ? crashPlace(error) : {}),
  };
  if (type === 'internal') log.error(fields, message);
  else log.warn(fields, message);
  const failure = ApplicationFailure.create({
    type,
    message: `${message} ${adviceOn(type)}`,
    nonRetryable: !retryable,
    details: [{ message, code: error instanceof CdiError ? (error.vendorCode ?? null) : null }],
    ...(error instanceof CdiError && error.retryAfterMs !== undefined
      ? { nextRetryDelay: error.retryAfterMs }
      : {}),
  });
  // It would tell of this function only. Where the error itself comes from is in the log.
  failure.stack = '';
  return failure;
}

/** The sync and the run that a step works for. */
interface Place {
  readonly sync: string | undefined;
  readonly run: string | undefined;
}

/** A run that goes on in a new execution keeps its id: what the step was given says it better than Temporal does. */
function placeOf([input]: readonly unknown[], { info }: Context): Place {
  const given = placeIn(input) ?? placeIn(memberOf(input, 'place'));
  return {
    sync: given?.sync ?? syncOfWorkflow(info.workflowExecution?.workflowId),
    run: given?.run ?? info.workflowExecution?.runId,
  };
}

function placeIn(value: unknown): Place | undefined {
  const [sync, run] = [memberOf(value, 'sync'), memberOf(value, 'run')];
  return typeof sync === 'string' && typeof run === 'string' ? { sync, run } : undefined;
}

const memberOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

const MOST_FRAMES = 12;

/** Its code is the vendor's, which stands in the line already. */
function crashPlace(error: unknown): Pick<Crash, 'name' | 'stack'> {
  const { name, stack } = crashOf(error);
  return { name, stack: stack.slice(0, MOST_FRAMES) };
}
