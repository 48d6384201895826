/** Hands what the Temporal SDK logs to the process's own log. */
import type { LogLevel, LogMetadata, Logger as TemporalLogger } from '@temporalio/worker';
import type { Logger } from 'pino';
import { syncOfWorkflow } from '../model/names.ts';

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/**
 * Only what places an event is kept of the SDK's fields: failures may carry messages that were not made by us.
 */
const FIELDS = [
  'workflowId',
  'workflowType',
  'runId',
  'activityType',
  'activityId',
  'attempt',
  'taskQueue',
  'sdkComponent',
];

/** Sync and run by the names that every other line has them under. */
function placeOf({ workflowId, runId, workflowRunId }: LogMetadata): object {
  const sync = typeof workflowId === 'string' ? syncOfWorkflow(workflowId) : undefined;
  return sync === undefined ? {} : { sync, run: (runId ?? workflowRunId) as unknown };
}

export function temporalLogger(log: Logger): TemporalLogger {
  const write = (level: LogLevel, message: string, meta: LogMetadata = {}): void => {
    const fields = Object.fromEntries(
      FIELDS.filter((field) => field in meta).map((field) => [field, meta[field] as unknown]),
    );
    log[LEVELS[level]]({ ...placeOf(meta), ...fields }, message);
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}
