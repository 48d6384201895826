/** Turns whatever ended a command into a message and an exit code. */
import { isGrpcServiceError } from '@temporalio/client';
import { NamespaceNotFoundError } from '@temporalio/common';
import { CdiError, ERROR_RULES } from '../model/errors.ts';
import { CommandError, EXIT, type ExitCode } from './command-error.ts';
import { StartError } from './embedded/start-error.ts';
import { explainLedger } from './session.ts';

export function exitWith(thrown: unknown, json: boolean): ExitCode {
  const { code, message } = explained(thrown) ?? unexplained(thrown);
  process.stderr.write(json ? `${JSON.stringify({ error: message, exitCode: code })}\n` : `${message}\n`);
  return code;
}

interface Explanation {
  readonly code: ExitCode;
  readonly message: string;
}

/** What an error means, in words; undefined for one that nobody foresaw. */
export function explained(thrown: unknown): Explanation | undefined {
  const error = explainLedger(thrown);
  if (error instanceof CommandError) return { code: error.exitCode, message: error.message };
  if (error instanceof StartError) return { code: EXIT.unreachable, message: error.message };
  if (error instanceof CdiError) {
    const code =
      error.type === 'definition_missing'
        ? EXIT.notFound
        : error.type === 'invalid_definition'
          ? EXIT.usage
          : EXIT.failed;
    return { code, message: `${error.message} ${ERROR_RULES[error.type].hint}` };
  }
  const message = explainTemporal(error) ?? explainRefusal(error);
  return message === undefined ? undefined : { code: EXIT.unreachable, message };
}

function unexplained(error: unknown): Explanation {
  return {
    code: EXIT.failed,
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}

/** Codes of gRPC: https://grpc.io/docs/guides/status-codes/ */
const GRPC: Readonly<Record<number, string>> = {
  4: 'Temporal does not answer in time.',
  7: 'Temporal refuses this client. Check TEMPORAL_API_KEY and TEMPORAL_NAMESPACE.',
  14: 'Temporal does not answer. Is `cdi up` running, or TEMPORAL_ADDRESS wrong?',
  16: 'Temporal refuses this client. Check TEMPORAL_API_KEY.',
};

/** What a call to Temporal means that failed for a reason of its own, not of what was asked. */
function explainTemporal(error: unknown): string | undefined {
  if (error instanceof NamespaceNotFoundError)
    return 'Temporal does not know this namespace. Check TEMPORAL_NAMESPACE.';
  const cause = error instanceof Error && !isGrpcServiceError(error) ? error.cause : error;
  return isGrpcServiceError(cause) ? GRPC[cause.code] : undefined;
}

/** SQLSTATEs: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const LEDGER: Readonly<Record<string, string>> = {
  '28000': 'The ledger database refuses user or password. Check CDI_LEDGER_URL.',
  '28P01': 'The ledger database refuses user or password. Check CDI_LEDGER_URL.',
  '3D000': 'There is no such ledger database. Check CDI_LEDGER_URL.',
  '42P01': 'The ledger is empty. Run `cdi apply`, or start a worker.',
};

/** What it means that the ledger answers, but not to this client. */
function explainRefusal(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' ? LEDGER[code] : undefined;
}
