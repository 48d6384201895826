/**
 * What an error of the driver or the server means. Server messages may quote values of rows, so what is kept of them is the
 * reason, and the name of a missing permission.
 */
import { CdiError, type ErrorType } from '../../../model/errors.ts';

/** Source: error table of BigQuery; some reasons are those of every Google API. */
const BY_REASON: Readonly<Record<string, ErrorType>> = {
  authError: 'credentials_invalid',
  required: 'credentials_invalid',
  invalidUser: 'credentials_invalid',
  accessDenied: 'permission_denied',
  accessNotConfigured: 'permission_denied',
  forbidden: 'permission_denied',
  notFound: 'table_missing',
  invalid: 'query_refused',
  invalidQuery: 'query_refused',
  badRequest: 'query_refused',
  bytesBilledLimitExceeded: 'query_refused',
  responseTooLarge: 'query_refused',
  notImplemented: 'query_refused',
  billingNotEnabled: 'warehouse_busy',
  billingTierLimitExceeded: 'warehouse_busy',
  blocked: 'warehouse_busy',
  jobRateLimitExceeded: 'warehouse_busy',
  quotaExceeded: 'warehouse_busy',
  rateLimitExceeded: 'warehouse_busy',
  resourceInUse: 'warehouse_busy',
  resourcesExceeded: 'warehouse_busy',
  tableUnavailable: 'warehouse_busy',
  userRateLimitExceeded: 'warehouse_busy',
  backendError: 'warehouse_unreachable',
  internalError: 'warehouse_unreachable',
  jobBackendError: 'warehouse_unreachable',
  jobInternalError: 'warehouse_unreachable',
  proxyAuthenticationRequired: 'warehouse_unreachable',
  stopped: 'query_timeout',
  timeout: 'query_timeout',
};

const BY_STATUS: Readonly<Record<string, ErrorType>> = {
  400: 'query_refused',
  401: 'credentials_invalid',
  403: 'permission_denied',
  // With no reason it is not BigQuery that answers.
  404: 'warehouse_unreachable',
  407: 'warehouse_unreachable',
  408: 'warehouse_unreachable',
  429: 'warehouse_busy',
};

const BY_CODE: Readonly<Record<string, ErrorType>> = {
  ENOTFOUND: 'host_unknown',
  EAI_AGAIN: 'warehouse_unreachable',
  ECONNREFUSED: 'warehouse_unreachable',
  ECONNRESET: 'warehouse_unreachable',
  EPIPE: 'warehouse_unreachable',
  ETIMEDOUT: 'warehouse_unreachable',
  EHOSTUNREACH: 'warehouse_unreachable',
  ENETUNREACH: 'warehouse_unreachable',
  ERR_STREAM_PREMATURE_CLOSE: 'warehouse_unreachable',
};

const MEANING: Readonly<Partial<Record<ErrorType, string>>> = {
  credentials_invalid:
    'Google refused the key of the service account: it is wrong or was deleted, or the clock of the worker is wrong',
  permission_denied:
    'The service account may not do this; it needs the roles BigQuery Job User on the project and BigQuery Data Viewer on the dataset',
  table_missing:
    'The dataset, table or view does not exist in the project and location of the credential, or is not visible to the service account',
  column_missing: 'BigQuery does not know a column that the sync reads',
  query_refused: 'BigQuery refused the query',
  query_timeout: 'BigQuery ended the query before it finished',
  warehouse_busy: 'BigQuery takes no queries of the project now, for lack of quota, billing or resources',
  host_unknown: 'The host name of `api_endpoint` cannot be resolved',
  warehouse_unreachable: 'BigQuery cannot be reached, or answers with server errors',
  tls_failed:
    'TLS with `api_endpoint` failed; NODE_EXTRA_CA_CERTS of the worker names the issuer of a certificate that the system does not trust',
};

/** What may be said closer than by the type. */
const BY_REASON_CLOSER: Readonly<Record<string, string>> = {
  bytesBilledLimitExceeded:
    'The query would scan more than `maximum_bytes_billed` of the credential; raise it, or partition or cluster the table by UPDATED_AT',
  accessNotConfigured: 'The BigQuery API is not enabled in the project',
  billingNotEnabled: 'Billing is not enabled for the project',
  resourcesExceeded: 'The query needs more resources than BigQuery gives it',
};

const UNKNOWN_COLUMN = /^(Unrecognized name: |Name .+ not found inside )/;
const UNFILTERED = /without a filter over column/;
const UNKNOWN_PROJECT = /^Not found: Project /;
/** Results lie in tables of hidden datasets, which begin with an underscore. */
const GONE_RESULT = /^Not found: (Job |Table \S+:_)/;
const PERMISSION = /\bbigquery\.[a-z]+\.[a-zA-Z]+\b/;

interface Facts {
  /** Of the vendor, such as `accessDenied`. */
  readonly reason: string;
  /** HTTP status, or a code of the system. */
  readonly code: string;
  readonly message: string;
}

/** @param error whatever the driver threw; the pipeline's own errors pass through */
export function classifyBigquery(error: unknown): Error {
  if (error instanceof CdiError) return error;
  if (!(error instanceof Error))
    return new CdiError('internal', 'The driver threw something that is no error.');
  const facts = factsOf(error);
  const type = typeOf(facts);
  if (!type) return error;
  const vendorCode = facts.reason || facts.code;
  const detail = /^[A-Za-z0-9_]{2,60}$/.test(vendorCode) ? ` (${vendorCode})` : '';
  return new CdiError(type, `${meaningOf(type, facts)}${detail}.`, {
    cause: error,
    vendorCode: vendorCode === '' ? undefined : vendorCode,
  });
}

/** Whether a token that was good once is not taken any more. */
export function isUnauthorized(error: unknown): boolean {
  return error instanceof Error && factsOf(error).code === '401';
}

/** Whether a job of this id exists already. */
export function isDuplicate(error: unknown): boolean {
  return error instanceof Error && factsOf(error).code === '409';
}

/** Whether the server has said that nothing runs, or not any more. */
export function isVerdict(error: unknown): boolean {
  if (!(error instanceof Error) || error instanceof CdiError) return false;
  const { reason, code } = factsOf(error);
  return reason !== '' && !/^(5\d\d|408|429)$/.test(code);
}

/** Whether there is no job of this id, or not any more. */
export function isNotFound(error: unknown): boolean {
  return error instanceof Error && factsOf(error).code === '404';
}

function factsOf(error: Error): Facts {
  const [first] = (Reflect.get(error, 'errors') ?? []) as { reason?: unknown; message?: unknown }[];
  const { reason, message = error.message } = first ?? {};
  return {
    reason: typeof reason === 'string' ? reason : '',
    code: String(Reflect.get(error, 'code') ?? ''),
    message: String(message),
  };
}

function typeOf({ reason, code, message }: Facts): ErrorType | undefined {
  if (reason === 'invalidQuery' && UNKNOWN_COLUMN.test(message)) return 'column_missing';
  if (reason === 'notFound' && UNKNOWN_PROJECT.test(message)) return 'credentials_invalid';
  if (reason === 'notFound' && GONE_RESULT.test(message)) return 'warehouse_unreachable';
  const known = BY_REASON[reason] ?? BY_STATUS[code] ?? BY_CODE[code];
  if (known) return known;
  if (/^5\d\d$/.test(code)) return 'warehouse_unreachable';
  if (/^4\d\d$/.test(code)) return 'query_refused';
  if (/CERT|SELF_SIGNED|UNABLE_TO|^ERR_TLS|^ERR_SSL|^EPROTO$/.test(code)) return 'tls_failed';
  if (/default credentials|invalid_grant|invalid_client|unauthorized_client/.test(message))
    return 'credentials_invalid';
  if (/premature close|socket hang up|network timeout/i.test(message)) return 'warehouse_unreachable';
  return reason === '' ? undefined : 'query_refused';
}

function meaningOf(type: ErrorType, { reason, message }: Facts): string {
  const permission = type === 'permission_denied' ? PERMISSION.exec(message)?.[0] : undefined;
  if (permission) return `${MEANING.permission_denied}; it lacks ${permission}`;
  if (reason === 'notFound' && type === 'credentials_invalid')
    return 'BigQuery does not know the project of the credential';
  if (reason === 'notFound' && type === 'warehouse_unreachable')
    return 'BigQuery does not keep the result of the query any more';
  if (/default credentials/.test(message))
    return 'The credential has no key, and the worker has no application default credentials';
  if (reason === 'invalidQuery' && UNFILTERED.test(message))
    return 'The table requires a filter on a partitioning column that is not UPDATED_AT; partition it by UPDATED_AT, or drop the requirement';
  return BY_REASON_CLOSER[reason] ?? MEANING[type] ?? 'BigQuery failed';
}
