/**
 * Thrown when a part of the embedded stack cannot start or has ended by itself. The message is for the person at
 * the terminal: what failed, where, and what to do about it.
 */
export class StartError extends Error {
  override readonly name = 'StartError';
}
