/** What an error of the driver or the server means. Server messages may quote values of rows, so only codes are kept. */
import { CdiError, type ErrorType } from '../../../model/errors.ts';

const BY_SQLSTATE: Record<string, ErrorType> = {
  '28P01': 'credentials_invalid',
  '28000': 'credentials_invalid',
  '3D000': 'credentials_invalid',
  '42P01': 'table_missing',
  '3F000': 'table_missing',
  '42703': 'column_missing',
  '42501': 'permission_denied',
  '57014': 'query_timeout',
  '57P01': 'warehouse_unreachable',
  '57P02': 'warehouse_unreachable',
  '57P03': 'warehouse_busy',
  '40001': 'warehouse_busy',
  '40P01': 'warehouse_busy',
  '53000': 'warehouse_busy',
  '53100': 'warehouse_busy',
  '53200': 'warehouse_busy',
  '53300': 'warehouse_busy',
};

const BY_CODE: Record<string, ErrorType> = {
  ENOTFOUND: 'host_unknown',
  EAI_AGAIN: 'warehouse_unreachable',
  ECONNREFUSED: 'warehouse_unreachable',
  ECONNRESET: 'warehouse_unreachable',
  EPIPE: 'warehouse_unreachable',
  ETIMEDOUT: 'warehouse_unreachable',
  EHOSTUNREACH: 'warehouse_unreachable',
  ENETUNREACH: 'warehouse_unreachable',
};

/**
 * While a cluster is resized or restored, and while the table is built anew beside the query. Their SQLSTATEs are not documented, or
 * stand for much else.
 */
const PASSING =
  /invalid snapshot identifier|could not open relation with OID|dropped by concurrent transaction|serializable isolation violation/i;

const MEANING: Partial<Record<ErrorType, string>> = {
  credentials_invalid: 'Redshift refused user, password or database',
  table_missing: 'The schema, table or view does not exist in Redshift, or is not visible to the user',
  column_missing: 'Redshift does not know a column that the sync reads',
  permission_denied: 'The Redshift user lacks USAGE on the schema or SELECT on the table',
  query_timeout: 'Redshift ended the query before it finished',
  warehouse_busy: 'Redshift lacks resources or takes no connections now',
  host_unknown: 'The host name of the Redshift endpoint cannot be resolved',
  warehouse_unreachable: 'No connection to the Redshift endpoint',
  tls_failed: 'TLS with the Redshift endpoint failed',
  query_refused: 'Redshift refused the query',
};

/** @param error whatever the driver threw; the pipeline's own errors pass through */
export function classifyRedshift(error: unknown): Error {
  if (error instanceof CdiError || !(error instanceof Error)) {
    return error instanceof Error
      ? error
      : new CdiError('internal', 'The driver threw something that is no error.');
  }
  const code = String(Reflect.get(error, 'code') ?? '');
  const type = typeOf(code, error.message);
  if (!type) return error;
  const detail = /^[0-9A-Z]{5}$|^E[A-Z_]+$/.test(code) ? ` (${code})` : '';
  const meaning = PASSING.test(error.message)
    ? 'Redshift could not finish the query beside a change of the cluster or of the table'
    : MEANING[type];
  return new CdiError(type, `${meaning ?? 'Redshift failed'}${detail}.`, {
    cause: error,
    vendorCode: code === '' ? undefined : code,
  });
}

function typeOf(code: string, message: string): ErrorType | undefined {
  const known = BY_SQLSTATE[code] ?? BY_CODE[code];
  if (known) return known;
  if (/does not support SSL|self.signed|certificate|ERR_TLS|SSL/i.test(`${code} ${message}`))
    return 'tls_failed';
  if (PASSING.test(message)) return 'warehouse_busy';
  if (/^08/.test(code) || /Connection terminated|timeout expired|connection timeout/i.test(message))
    return 'warehouse_unreachable';
  if (/password must be a string|SASL|authentication/i.test(message)) return 'credentials_invalid';
  if (/^[0-9A-Z]{5}$/.test(code)) return 'query_refused';
  return undefined;
}
