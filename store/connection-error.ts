/**
 * Beside connections that break: a server that has become a read-only stand-by of another (25006), a transaction that stood still
 * for too long (25P03) or met another (40001, 40P01), a statement that was ended from outside (57014), and a lack of connections,
 * memory or disk (53).
 */
const CODES =
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ENETDOWN|25006|25P03|40001|40P01|53|57P0[123]|57014|08)/;
const MESSAGES =
  /Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error/;

/** Whether an error of the ledger's driver means that the database cannot answer at this moment, so that trying again helps. */
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
