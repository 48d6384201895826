/** What an error of the driver or the server means. Server messages may quote values of rows, so only codes are kept. */
import { CdiError, type ErrorType } from '../../../model/errors.ts';
import { type Told, tell } from './told.ts';

/** Error classes, as a message begins with them: `[TABLE_OR_VIEW_NOT_FOUND] …`. */
const BY_CLASS: Record<string, ErrorType> = {
  TABLE_OR_VIEW_NOT_FOUND: 'table_missing',
  SCHEMA_NOT_FOUND: 'table_missing',
  // The catalog is part of the credential.
  CATALOG_NOT_FOUND: 'credentials_invalid',
  NO_SUCH_CATALOG_EXCEPTION: 'credentials_invalid',
  UNRESOLVED_COLUMN: 'column_missing',
  INSUFFICIENT_PERMISSIONS: 'permission_denied',
  PERMISSION_DENIED: 'permission_denied',
  UNAUTHORIZED_ACCESS: 'permission_denied',
  RESOURCE_EXHAUSTED: 'warehouse_busy',
  TEMPORARILY_UNAVAILABLE: 'warehouse_busy',
  QUERY_EXECUTION_TIMEOUT_EXCEEDED: 'query_timeout',
};

const BY_SQLSTATE: Record<string, ErrorType> = {
  '42P01': 'table_missing',
  '42704': 'table_missing',
  '42P08': 'credentials_invalid',
  '42703': 'column_missing',
  '42501': 'permission_denied',
  '53000': 'warehouse_busy',
  '53200': 'warehouse_busy',
  '57014': 'query_timeout',
  '57KD0': 'query_timeout',
  HY008: 'query_timeout',
  HYT00: 'query_timeout',
};

/** States of an operation, and codes of Node's network and TLS and of the client that fetches tokens. */
const BY_CODE: Record<string, ErrorType> = {
  CANCELED: 'query_timeout',
  TIMEOUT: 'query_timeout',
  CLOSED: 'warehouse_unreachable',
  ENOTFOUND: 'host_unknown',
  EAI_AGAIN: 'warehouse_unreachable',
  ECONNREFUSED: 'warehouse_unreachable',
  ECONNRESET: 'warehouse_unreachable',
  EPIPE: 'warehouse_unreachable',
  ETIMEDOUT: 'warehouse_unreachable',
  EHOSTUNREACH: 'warehouse_unreachable',
  ENETUNREACH: 'warehouse_unreachable',
  ERR_STREAM_PREMATURE_CLOSE: 'warehouse_unreachable',
  UND_ERR_SOCKET: 'warehouse_unreachable',
  UND_ERR_CONNECT_TIMEOUT: 'warehouse_unreachable',
  UND_ERR_HEADERS_TIMEOUT: 'warehouse_unreachable',
  UND_ERR_BODY_TIMEOUT: 'warehouse_unreachable',
  EPROTO: 'tls_failed',
};

const MEANING: Partial<Record<ErrorType, string>> = {
  credentials_invalid: 'Databricks refused the token, the HTTP path or the catalog of the credential',
  table_missing: 'The schema, table or view does not exist in the catalog, or is not visible to the user',
  column_missing: 'Databricks does not know a column that the sync reads',
  permission_denied:
    'The Databricks user lacks CAN USE on the SQL warehouse, USE CATALOG, USE SCHEMA or SELECT on the table',
  query_timeout: 'Databricks ended the query before it finished',
  warehouse_busy: 'The SQL warehouse is stopped, is starting, or lacks resources',
  host_unknown: 'The host name of the SQL warehouse cannot be resolved',
  warehouse_unreachable: 'No connection to the SQL warehouse',
  tls_failed: 'TLS with the SQL warehouse failed',
  query_refused: 'Databricks refused the query',
};

/** @param error whatever the driver threw, be it an Error or not; the pipeline's own errors pass through */
export function classifyDatabricks(error: unknown): Error {
  if (error instanceof CdiError) return error;
  const told = tell(error);
  const type = typeOf(told);
  // The driver throws statuses that are no Error instances; Temporal could not tell what they are.
  const cause = error instanceof Error ? error : new Error('Databricks reported a failed status.');
  if (!type) return cause;
  const code = vendorCodeOf(told);
  const detail = code === undefined ? '' : ` (${code})`;
  return new CdiError(type, `${MEANING[type] ?? 'Databricks failed'}${detail}.`, {
    cause,
    vendorCode: code,
    retryAfterMs: told.retryAfterMs,
  });
}

/**
 * Whether an error says that the warehouse is stopped or on its way up. A session opened then is dead, although the server let
 * it be opened: only a fresh one helps.
 */
export function isWaking(error: unknown): boolean {
  const { http, text } = tell(error);
  return http === 503 || (http === undefined && WAKING.test(text));
}

function vendorCodeOf({ http, sqlState, errorClass, code }: Told): string | undefined {
  return http === undefined ? (sqlState ?? errorClass ?? code) : `HTTP ${http}`;
}

/** Source: what users of other tools met; https://github.com/lightdash/lightdash/pull/28654. */
const WAKING =
  /has not been initialized or had already closed|Couldn't create directory|warehouse was stopped|TEMPORARILY_UNAVAILABLE|Invalid SessionHandle/i;

/** The session or the statement, or the way to it, ended before its time. */
const GONE =
  /session was closed or has expired|Invalid OperationHandle|request timed out|response timeout while trying to fetch|error when connecting to resource|socket hang up|premature close/i;

function typeOf({ http, sqlState, errorClass, code, text }: Told): ErrorType | undefined {
  if (http !== undefined) return typeOfHttp(http, text);
  const known =
    BY_CLASS[errorClass ?? ''] ??
    BY_SQLSTATE[sqlState ?? ''] ??
    (code === 'ERROR' ? undefined : BY_CODE[code ?? '']);
  if (known) return known;
  if (WAKING.test(text)) return 'warehouse_busy';
  if (/PERMISSION_DENIED/.test(text)) return 'permission_denied';
  if (/self.signed|CERT|ERR_TLS|ERR_SSL|UNABLE_TO_/i.test(code ?? '')) return 'tls_failed';
  if (GONE.test(text)) return 'warehouse_unreachable';
  if (sqlState !== undefined || errorClass !== undefined || code === 'ERROR') return 'query_refused';
  return undefined;
}

/** 403 is both a wrong token and a missing permission; the server says which in a header. */
function typeOfHttp(status: number, reason: string): ErrorType {
  if (/IP ACL|IP access list/i.test(reason)) return 'warehouse_unreachable';
  if (status === 403 && /permission|not authorized/i.test(reason)) return 'permission_denied';
  // 400 and 404: no SQL warehouse at this path.
  if (status === 400 || status === 401 || status === 403 || status === 404) return 'credentials_invalid';
  if (status === 429 || status === 503) return 'warehouse_busy';
  return status >= 500 ? 'warehouse_unreachable' : 'query_refused';
}
