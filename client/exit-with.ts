/** Turns whatever ended a command into a message and an exit code. */
import { CommanderError } from 'commander';
import { CdiError, ERROR_RULES } from '../model/errors.ts';
import { CommandError, EXIT, type ExitCode } from './command-error.ts';
import { StartError } from './embedded/start-error.ts';
import { explainLedger } from './session.ts';

export function exitWith(thrown: unknown, json: boolean): ExitCode {
  const error = explainLedger(thrown);
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const { code, message } = describe(error);
  process.stderr.write(json ? `${JSON.stringify({ error: message, exitCode: code })}\n` : `${message}\n`);
  return code;
}

function describe(error: unknown): { code: ExitCode; message: string } {
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
  return {
    code: EXIT.failed,
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
