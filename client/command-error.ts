/** Exit codes of `cdi`, documented in its help and in docs/operations.md. */
export const EXIT = {
  ok: 0,
  /** What was asked for was done and failed: a run, a test. */
  failed: 1,
  /** The command line or a definition is wrong; nothing was changed. */
  usage: 2,
  /** Another run of the sync is under way. */
  busy: 3,
  /** There is no such sync, credential or run. */
  notFound: 4,
  /** Temporal, the ledger or a worker does not answer. */
  unreachable: 5,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Thrown by a command that ends without success; the message is for the person at the terminal. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}
