/** What an error of the driver or the server means. Server messages may quote values of rows, so only codes are kept. */
import { CdiError, type ErrorType } from '../../../model/errors.ts';

type Meaning = readonly [type: ErrorType, sentence: string];

const SESSION_GONE: Meaning = ['warehouse_unreachable', 'Snowflake ended the session'];
const NETWORK_POLICY: Meaning = [
  'warehouse_unreachable',
  'A network policy of Snowflake does not let the address of this installation in',
];
const SUSPENDED: Meaning = [
  'warehouse_busy',
  'No virtual warehouse is running: resume it, or let it resume by itself (AUTO_RESUME)',
];
const RESULT_STORAGE: Meaning = [
  'warehouse_unreachable',
  'The storage from which Snowflake serves large results cannot be reached from here',
];

/** By the server's codes, which are texts, and the driver's own, which are numbers. */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  // The login
  390100: ['credentials_invalid', 'Snowflake refused user or password'],
  390101: ['credentials_invalid', 'The Snowflake user is disabled'],
  390144: [
    'credentials_invalid',
    'Snowflake refused the key pair: the user has another public key, or the clock of this machine is wrong',
  ],
  394400: ['credentials_invalid', 'Snowflake refused the programmatic access token'],
  390189: ['permission_denied', 'The role of the credential does not exist, or is not granted to the user'],
  390201: [
    'permission_denied',
    'The virtual warehouse or database of the credential does not exist, or the role may not use it',
  ],
  390422: NETWORK_POLICY,
  // The session
  390104: SESSION_GONE,
  390110: SESSION_GONE,
  390111: SESSION_GONE,
  390112: SESSION_GONE,
  390114: SESSION_GONE,
  401004: SESSION_GONE,
  405503: SESSION_GONE,
  407001: SESSION_GONE,
  407002: SESSION_GONE,
  // Queries
  '000904': ['column_missing', 'Snowflake does not know a column that the sync reads'],
  '002043': ['table_missing', 'The table or view does not exist in Snowflake, or the role may not use it'],
  '003001': [
    'permission_denied',
    'The role lacks a right in Snowflake: USAGE on database, schema and virtual warehouse, or SELECT on the table',
  ],
  '090105': [
    'table_missing',
    'The database of the credential does not exist in Snowflake, or the role lacks USAGE on it',
  ],
  '000606': SUSPENDED,
  '090073': [
    'warehouse_busy',
    'A resource monitor of Snowflake has stopped the virtual warehouse: its quota is used up',
  ],
  '000666': ['warehouse_busy', 'The Snowflake account is suspended'],
  '000604': ['query_timeout', 'The query was cancelled in Snowflake'],
  '000630': ['query_timeout', 'Snowflake ended the query before it finished'],
  // The way
  401003: ['warehouse_unreachable', 'What answers at the address of the account is not Snowflake'],
  402001: RESULT_STORAGE,
  402002: RESULT_STORAGE,
};

/** Codes of Node, as causes of the driver's network error. */
const BY_CAUSE: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: ['host_unknown', 'The host name of the Snowflake account cannot be resolved'],
};
const UNREACHABLE: Meaning = ['warehouse_unreachable', 'No connection to Snowflake'];
const TLS: Meaning = ['tls_failed', 'TLS with Snowflake failed'];
const TLS_CAUSE = /CERT|SELF_SIGNED|^UNABLE_TO_|HOSTNAME_MISMATCH|ERR_TLS|ERR_SSL|EPROTO|^4120\d\d$|^413001$/;

/** What SQLSTATE says of a query where the code is none of the above. */
const BY_SQLSTATE: Readonly<Record<string, Meaning>> = {
  42501: ['permission_denied', 'The role lacks a right in Snowflake'],
  '57P03': SUSPENDED,
  57014: ['query_timeout', 'Snowflake ended the query'],
};

const NETWORK_ERROR = '401001';
const HTTP_ERROR = '401002';
const NOT_VISIBLE = '002003';

/**
 * @param error whatever the driver threw; the pipeline's own errors pass through
 * @param phase `login`: a refusal that is not known otherwise is one of the credential
 */
export function classifySnowflake(error: unknown, phase: 'login' | 'query' = 'query'): Error {
  if (error instanceof CdiError) return error;
  if (!(error instanceof Error))
    return new CdiError('internal', 'The driver threw something that is no error.');
  const code = textOf(error, 'code');
  const meaning = meaningOf(error, code, phase);
  if (!meaning) return error;
  const [type, sentence] = meaning;
  const vendorCode = code === NETWORK_ERROR ? causeCode(error) : code;
  return new CdiError(type, `${sentence}${vendorCode === '' ? '' : ` (${vendorCode})`}.`, {
    cause: error,
    vendorCode: vendorCode === '' ? undefined : vendorCode,
  });
}

/** The code by which the driver or the server names an error; empty where it has none. */
export function codeOf(error: unknown): string {
  return error instanceof Error ? textOf(error, 'code') : '';
}

function meaningOf(error: Error, code: string, phase: 'login' | 'query'): Meaning | undefined {
  if (code === NETWORK_ERROR) return byCause(causeCode(error));
  if (code === HTTP_ERROR)
    return byStatus(Number(textOf(Reflect.get(error, 'response'), 'statusCode')), phase);
  if (code === NOT_VISIBLE) return notVisible(error.message);
  // The code of this refusal has changed before.
  if (/is not allowed to access Snowflake/.test(error.message)) return NETWORK_POLICY;
  const known = BY_CODE[code] ?? BY_SQLSTATE[textOf(error, 'sqlState')];
  if (known) return known;
  if (TLS_CAUSE.test(code)) return TLS;
  if (/^404\d{3}$/.test(code))
    return ['credentials_invalid', 'The credential cannot be used as it is written'];
  if (!/^\d{6}$/.test(code)) return undefined;
  return phase === 'login'
    ? ['credentials_invalid', 'Snowflake refused the login']
    : ['query_refused', 'Snowflake refused the query'];
}

function byCause(cause: string): Meaning {
  return BY_CAUSE[cause] ?? (TLS_CAUSE.test(cause) ? TLS : UNREACHABLE);
}

/** An account that Snowflake does not know is refused before anything is asked of it. */
function byStatus(status: number, phase: 'login' | 'query'): Meaning {
  if (phase === 'login' && (status === 403 || status === 404))
    return ['host_unknown', 'Snowflake knows no account of this name at this address'];
  return ['warehouse_unreachable', `Snowflake answered with HTTP status ${status}`];
}

/** "does not exist or not authorized": Snowflake tells the two apart for nobody. */
function notVisible(message: string): Meaning {
  const level = /\b(Database|Schema) '/.exec(message)?.[1]?.toLowerCase();
  const what = level ? `The ${level}` : 'The table or view';
  const right = level ? 'USAGE' : 'SELECT';
  return [
    'table_missing',
    `${what} does not exist in Snowflake, or the role lacks ${right} on it: Snowflake does not tell which. ` +
      'Names count with their case, which is upper unless they were created in quotes',
  ];
}

/** The code of what lies below the driver's own error. */
function causeCode(error: Error): string {
  for (
    let cause = error.cause, depth = 0;
    cause instanceof Error && depth < 5;
    cause = cause.cause, depth += 1
  ) {
    const code = textOf(cause, 'code');
    if (code !== '') return code;
  }
  return '';
}

function textOf(value: unknown, name: string): string {
  if (typeof value !== 'object' || value === null) return '';
  const found: unknown = Reflect.get(value, name);
  return typeof found === 'string' || typeof found === 'number' ? String(found) : '';
}
