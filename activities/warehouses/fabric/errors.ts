/** What an error of the driver or a server means. Server messages may quote values of rows, so only codes are kept. */
import { CdiError, type ErrorType } from '../../../model/errors.ts';

type Meaning = readonly [type: ErrorType, sentence: string];

const BEYOND_LIMITS: Meaning = ['warehouse_busy', 'The Fabric capacity has exceeded its limits'];
const PAUSED: Meaning = ['warehouse_busy', 'The Fabric capacity is paused'];
const WAKING: Meaning = [
  'warehouse_busy',
  'The warehouse is not available at the moment, or about to wake up',
];
const NO_RESOURCES: Meaning = ['warehouse_busy', 'Fabric lacks resources, or takes no more requests for now'];
const NO_SELECT: Meaning = [
  'permission_denied',
  'The app lacks SELECT on the table or view, or on one of its columns',
];
const NO_DATABASE: Meaning = ['permission_denied', 'The app may not use the warehouse that `database` names'];
const BAD_CAST: Meaning = [
  'query_refused',
  'Fabric cannot convert a value of the source: see the casts of the view that is read',
];

/** By the numbers of the server's errors. Source: "Database Engine events and errors", and Fabric's pages on capacities. */
const BY_NUMBER: Readonly<Record<number, Meaning>> = {
  207: ['column_missing', 'Fabric does not know a column that the sync reads'],
  208: [
    'table_missing',
    'The schema, table or view does not exist in the warehouse, or is not visible to the app',
  ],
  229: NO_SELECT,
  230: NO_SELECT,
  241: BAD_CAST,
  242: BAD_CAST,
  245: BAD_CAST,
  8114: BAD_CAST,
  8115: BAD_CAST,
  916: NO_DATABASE,
  4060: [
    'credentials_invalid',
    'Fabric has no warehouse of the name in `database`, or the app may not see it',
  ],
  18456: [
    'credentials_invalid',
    'Fabric refused the login of the app: it needs a role in the workspace, and the tenant has to let service principals use Fabric APIs',
  ],
  1205: ['warehouse_busy', 'Fabric ended the query because it stood in the way of another'],
  10928: NO_RESOURCES,
  10929: NO_RESOURCES,
  10936: NO_RESOURCES,
  40197: WAKING,
  40501: NO_RESOURCES,
  40613: WAKING,
  49918: NO_RESOURCES,
  49919: NO_RESOURCES,
  49920: NO_RESOURCES,
  24800: PAUSED,
  24801: BEYOND_LIMITS,
  24802: PAUSED,
  40615: ['warehouse_unreachable', 'A firewall of Fabric does not let the address of this installation in'],
};

/** Where a message has no number that tells. */
const BY_TEXT: readonly (readonly [RegExp, Meaning])[] = [
  [/capacity has exceeded its limits/i, BEYOND_LIMITS],
  [/capacity is (currently )?paused/i, PAUSED],
];

/** By the codes of Entra. Source: "Microsoft Entra authentication and authorization error codes". */
const BY_ENTRA: Readonly<Record<string, Meaning>> = {
  AADSTS7000215: [
    'credentials_invalid',
    'Entra refused the client secret: it is wrong, or it is the id of the secret instead of its value',
  ],
  AADSTS7000222: ['credentials_invalid', 'The client secret has expired: make a new one for the app'],
  AADSTS7000112: ['credentials_invalid', 'The app registration is disabled'],
  AADSTS700016: ['credentials_invalid', 'The directory has no app with this `client_id`'],
  AADSTS90002: ['credentials_invalid', 'Entra knows no directory with this `tenant_id`'],
  AADSTS900023: ['credentials_invalid', 'The `tenant_id` is neither an id nor a domain'],
  AADSTS53003: [
    'credentials_invalid',
    'A Conditional Access policy of Entra does not let the app in from here',
  ],
  AADSTS90033: ['warehouse_unreachable', 'Entra has a passing problem'],
  AADSTS50196: ['warehouse_unreachable', 'Entra has seen too many logins of the app'],
};
const REFUSED_BY_ENTRA: Meaning = ['credentials_invalid', 'Entra refused the login of the app'];
const ENTRA_UNREACHABLE: Meaning = ['warehouse_unreachable', 'No connection to the login service of Entra'];

const UNREACHABLE: Meaning = ['warehouse_unreachable', 'No connection to the endpoint of Fabric'];
/** By the codes of the driver and of Node. */
const BY_CODE: Readonly<Record<string, Meaning>> = {
  ENOTFOUND: ['host_unknown', 'The host name of the endpoint of Fabric cannot be resolved'],
  ELOGIN: ['credentials_invalid', 'Fabric refused the login of the app'],
  ECANCEL: ['query_timeout', 'The query was cancelled'],
  EAI_AGAIN: UNREACHABLE,
  ECLOSE: UNREACHABLE,
  ECONNREFUSED: UNREACHABLE,
  ECONNRESET: UNREACHABLE,
  EHOSTUNREACH: UNREACHABLE,
  EINVALIDSTATE: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENOTOPEN: UNREACHABLE,
  EPIPE: UNREACHABLE,
  ESOCKET: UNREACHABLE,
  ETIMEDOUT: UNREACHABLE,
  ETIMEOUT: UNREACHABLE,
  EREQUEST: ['query_refused', 'Fabric refused the query'],
};
const TLS: Meaning = ['tls_failed', 'TLS with the endpoint of Fabric failed'];
const TLS_CODE = /CERT|SELF_SIGNED|UNABLE_TO_|ALTNAME|^ERR_TLS|^ERR_SSL|^EPROTO$/;

/** What servers told in passing: the driver leaves it out of its errors. */
export interface Told {
  /** Number of the last error that the endpoint sent while it was asked for a login. */
  number?: number | undefined;
  /** How the login service answered last, where it refused: its own code, an HTTP status, or a code of Node. */
  entra?: string | undefined;
}

/**
 * @param error whatever the driver threw; the pipeline's own errors pass through
 * @param told at the login; empty for an error of a query
 */
export function classifyFabric(error: unknown, told: Told = {}): Error {
  if (error instanceof CdiError) return error;
  if (!(error instanceof Error))
    return new CdiError('internal', 'The driver threw something that is no error.');
  if (told.entra !== undefined) return made(meaningOfEntra(told.entra), told.entra, error);
  const all = [...withCauses(error)];
  const number = told.number ?? all.map(numberOf).find((found) => found !== undefined);
  const byNumber = number === undefined ? undefined : BY_NUMBER[number];
  if (byNumber) return made(byNumber, String(number), error);
  const byText = BY_TEXT.find(([pattern]) => all.some(({ message }) => pattern.test(message)));
  if (byText) return made(byText[1], number === undefined ? undefined : String(number), error);
  // The innermost code says most: that of the driver is about whatever became of it.
  const codes = all.map(codeOf).filter((code) => code !== undefined);
  for (const code of codes.toReversed()) {
    const meaning = TLS_CODE.test(code) ? TLS : BY_CODE[code];
    if (meaning) return made(meaning, number === undefined ? code : String(number), error);
  }
  // The pool's own, which has neither number nor code.
  return error.name === 'TimeoutError' ? made(UNREACHABLE, undefined, error) : error;
}

function meaningOfEntra(code: string): Meaning {
  const known = BY_ENTRA[code];
  if (known) return known;
  if (code.startsWith('AADSTS')) return REFUSED_BY_ENTRA;
  if (code === 'ENOTFOUND') return ['host_unknown', 'The host name of the login service cannot be resolved'];
  if (TLS_CODE.test(code)) return ['tls_failed', 'TLS with the login service of Entra failed'];
  return ENTRA_UNREACHABLE;
}

function made([type, sentence]: Meaning, vendorCode: string | undefined, cause: Error): CdiError {
  const detail = vendorCode === undefined ? '' : ` (${vendorCode})`;
  return new CdiError(type, `${sentence}${detail}.`, { cause, vendorCode });
}

/** The error, and whatever lies behind it, from the outside to the inside. */
function* withCauses(error: Error): Generator<Error> {
  yield error;
  const inner: unknown[] = [Reflect.get(error, 'originalError'), error.cause];
  if (error instanceof AggregateError) inner.push(...(error.errors as unknown[]));
  for (const each of inner) if (each instanceof Error) yield* withCauses(each);
}

function numberOf(error: Error): number | undefined {
  const number: unknown = Reflect.get(error, 'number');
  return typeof number === 'number' ? number : undefined;
}

function codeOf(error: Error): string | undefined {
  const code: unknown = Reflect.get(error, 'code');
  return typeof code === 'string' ? code : undefined;
}
