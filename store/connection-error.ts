const CODES = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|57P0[123]|08|53300)/;
const MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error/;

/** Whether an error of the ledger's driver means that the database is out of reach, so that trying again helps. */
export function isConnectionError(error: unknown): boolean {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth += 1
  ) {
    const code: unknown = Reflect.get(current, 'code');
    if (typeof code === 'string' && CODES.test(code)) return true;
    if (MESSAGES.test(current.message)) return true;
  }
  return false;
}
