/** An error that nobody foresaw, as a log may hold it. Pure. */

export interface Crash {
  readonly name: string;
  readonly code: unknown;
  /** Where it arose, without the line that repeats the message. */
  readonly stack: readonly string[];
}

/** Its message may hold anything, a row too, so it is left out. */
export function crashOf(error: unknown): Crash {
  if (!(error instanceof Error)) return { name: typeof error, code: undefined, stack: [] };
  const code: unknown = Reflect.get(error, 'code');
  return {
    name: error.name,
    code: typeof code === 'string' || typeof code === 'number' ? code : undefined,
    stack: (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)),
  };
}
