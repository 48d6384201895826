/** What stopped a run, as far as the workflow has to know. */
import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';
import { type ErrorType, adviceOn, isErrorType } from '../model/errors.ts';

export interface RunFailure {
  readonly type: ErrorType;
  readonly message: string;
  /** The vendor's own code. */
  readonly code: string | null;
}

/** @param error anything that an activity or the workflow threw */
export function failureOf(error: unknown): RunFailure {
  if (isCancellation(error)) return { type: 'cancelled', message: 'The run was cancelled.', code: null };
  const cause = error instanceof ActivityFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && isErrorType(cause.type)) {
    const [detail] = (cause.details ?? []) as ({ message?: string; code?: string | null } | undefined)[];
    return { type: cause.type, message: detail?.message ?? cause.message, code: detail?.code ?? null };
  }
  const what =
    error instanceof ActivityFailure
      ? `The step ${error.activityType} did not end in time.`
      : 'The run failed.';
  return { type: 'internal', message: what, code: null };
}

/**
 * What ends a workflow: the message says what failed, who must act and what to do. Its stack would tell only where this
 * function is called, and stand before everything else in the Temporal UI.
 *
 * @param detail what else is to be known of it
 */
export function endingFailure(
  { type, message }: Pick<RunFailure, 'type' | 'message'>,
  detail: unknown,
): ApplicationFailure {
  const failure = ApplicationFailure.create({
    type,
    message: `${message} ${adviceOn(type)}`,
    nonRetryable: true,
    details: [detail],
  });
  failure.stack = '';
  return failure;
}
