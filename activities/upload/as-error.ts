/** What was thrown, as an error: anything can be thrown, and an abort signal may carry anything as its reason. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new Error('Something that is no error was thrown.', { cause: thrown });
}
