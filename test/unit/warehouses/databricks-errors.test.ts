import { describe, expect, test } from 'vitest';
import { classifyDatabricks, isWaking } from '../../../activities/warehouses/databricks/errors.ts';
import { CdiError } from '../../../model/errors.ts';

const SECRET = 'canary-4711';

/** As the driver reports a statement that failed. */
const operation = (errorCode: string, sqlState?: string, message = SECRET): Error =>
  Object.assign(new Error(message), {
    errorCode,
    ...(sqlState === undefined ? {} : { response: { sqlState, displayMessage: message } }),
  });
/** As it reports a call that failed: by something that is no Error. */
const status = (message: string): unknown => ({ name: 'Status Error', message, code: -1 });
/** As it reports an answer other than 200. */
const http = (statusCode: number, headers: Record<string, string> = {}): Error =>
  Object.assign(new Error(`Received a response with a bad HTTP status code: ${statusCode}`), {
    statusCode,
    response: { headers: new Headers(headers) },
  });
const reason = (text: string): Record<string, string> => ({ 'x-databricks-reason-phrase': text });
const network = (code: string): Error => Object.assign(new Error(SECRET), { code, type: 'system' });

describe('what errors mean', () => {
  test.each([
    [operation('ERROR', '42P01'), 'table_missing', '42P01'],
    [operation('ERROR', '42703'), 'column_missing', '42703'],
    [operation('ERROR', '42501'), 'permission_denied', '42501'],
    [operation('ERROR', '22018'), 'query_refused', '22018'],
    [operation('ERROR', '42601'), 'query_refused', '42601'],
    [operation('ERROR', '57KD0'), 'query_timeout', '57KD0'],
    [operation('ERROR'), 'query_refused', 'ERROR'],
    [operation('CANCELED'), 'query_timeout', 'CANCELED'],
    [operation('TIMEOUT'), 'query_timeout', 'TIMEOUT'],
    [operation('CLOSED'), 'warehouse_unreachable', 'CLOSED'],
    [
      operation('ERROR', undefined, 'Command failed because warehouse was stopped.'),
      'warehouse_busy',
      'ERROR',
    ],
    [status(`[TABLE_OR_VIEW_NOT_FOUND] ${SECRET}. SQLSTATE: 42P01`), 'table_missing', '42P01'],
    [status(`[SCHEMA_NOT_FOUND] ${SECRET}`), 'table_missing', 'SCHEMA_NOT_FOUND'],
    [status(`[UNRESOLVED_COLUMN.WITH_SUGGESTION] ${SECRET}`), 'column_missing', 'UNRESOLVED_COLUMN'],
    [
      status(`[INSUFFICIENT_PERMISSIONS] Insufficient privileges:\n${SECRET}`),
      'permission_denied',
      'INSUFFICIENT_PERMISSIONS',
    ],
    [
      status(`PERMISSION_DENIED: User does not have USE CATALOG on ${SECRET}`),
      'permission_denied',
      'PERMISSION_DENIED',
    ],
    [status(`x.AccessException: PERMISSION_DENIED: ${SECRET}`), 'permission_denied', 'ERROR'],
    [status(`[NO_SUCH_CATALOG_EXCEPTION] ${SECRET} SQLSTATE: 42704`), 'credentials_invalid', '42704'],
    [status(`[CATALOG_NOT_FOUND] ${SECRET} SQLSTATE: 42P08`), 'credentials_invalid', '42P08'],
    [status('RESOURCE_EXHAUSTED: Cannot create the resource.'), 'warehouse_busy', 'RESOURCE_EXHAUSTED'],
    [status(`Couldn't create directory /local_disk0/${SECRET}`), 'warehouse_busy', 'ERROR'],
    [
      status('requirement failed: Session handle: x has not been initialized or had already closed.'),
      'warehouse_busy',
      'ERROR',
    ],
    [status('Invalid OperationHandle'), 'warehouse_unreachable', 'ERROR'],
    [status(''), 'query_refused', 'ERROR'],
    [http(401), 'credentials_invalid', 'HTTP 401'],
    [http(403), 'credentials_invalid', 'HTTP 403'],
    [http(403, reason('Invalid access token.')), 'credentials_invalid', 'HTTP 403'],
    [
      http(403, reason('User does not have permission to use the warehouse')),
      'permission_denied',
      'HTTP 403',
    ],
    [
      http(403, reason('Source IP address 1.2.3.4 is blocked by Databricks IP ACL')),
      'warehouse_unreachable',
      'HTTP 403',
    ],
    [http(403, { 'x-thriftserver-error-message': 'not authorized' }), 'permission_denied', 'HTTP 403'],
    [http(404), 'credentials_invalid', 'HTTP 404'],
    [http(400), 'credentials_invalid', 'HTTP 400'],
    [http(409), 'query_refused', 'HTTP 409'],
    [http(429), 'warehouse_busy', 'HTTP 429'],
    [http(500), 'warehouse_unreachable', 'HTTP 500'],
    [http(502), 'warehouse_unreachable', 'HTTP 502'],
    [http(503), 'warehouse_busy', 'HTTP 503'],
    [
      new Error('Hive driver: 503 when connecting to resource. Max retry count exceeded.'),
      'warehouse_busy',
      'HTTP 503',
    ],
    [new Error('The session was closed or has expired'), 'warehouse_unreachable', undefined],
    [new Error('Request timed out'), 'warehouse_unreachable', undefined],
    [
      new Error('Hive driver: Error when connecting to resource. Max retry count exceeded.'),
      'warehouse_unreachable',
      undefined,
    ],
    [
      new Error('Response timeout while trying to fetch https://host/ (over 300000ms)'),
      'warehouse_unreachable',
      undefined,
    ],
    [network('ENOTFOUND'), 'host_unknown', 'ENOTFOUND'],
    [network('EAI_AGAIN'), 'warehouse_unreachable', 'EAI_AGAIN'],
    [network('ECONNREFUSED'), 'warehouse_unreachable', 'ECONNREFUSED'],
    [network('ECONNRESET'), 'warehouse_unreachable', 'ECONNRESET'],
    [network('ERR_STREAM_PREMATURE_CLOSE'), 'warehouse_unreachable', 'ERR_STREAM_PREMATURE_CLOSE'],
    [network('UND_ERR_CONNECT_TIMEOUT'), 'warehouse_unreachable', 'UND_ERR_CONNECT_TIMEOUT'],
    [network('UNABLE_TO_VERIFY_LEAF_SIGNATURE'), 'tls_failed', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'],
    [network('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls_failed', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    [network('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls_failed', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    [network('CERT_HAS_EXPIRED'), 'tls_failed', 'CERT_HAS_EXPIRED'],
    [network('EPROTO'), 'tls_failed', 'EPROTO'],
    [Object.assign(new Error('x'), { cause: network('ENOTFOUND') }), 'host_unknown', 'ENOTFOUND'],
  ])('%o', (error, type, vendorCode) => {
    const classified = classifyDatabricks(error);
    expect(classified).toBeInstanceOf(CdiError);
    expect(classified).toMatchObject({ type, vendorCode });
    expect(classified.message).not.toContain(SECRET);
    expect(classified.message).toMatch(/^[A-Z].*\.$/);
    expect(classified.cause).toBeInstanceOf(Error);
  });

  test('the time to wait that the server asks for is kept', () => {
    expect(classifyDatabricks(http(503, { 'retry-after': '7' }))).toMatchObject({ retryAfterMs: 7_000 });
    expect(classifyDatabricks(http(503, { 'retry-after': 'soon' }))).toMatchObject({
      retryAfterMs: undefined,
    });
  });

  test('errors of ours pass through; what nobody knows does too, to be internal, and as an Error', () => {
    const ours = new CdiError('cancelled', 'x');
    expect(classifyDatabricks(ours)).toBe(ours);
    const strange = new Error(SECRET);
    expect(classifyDatabricks(strange)).toBe(strange);
    expect(classifyDatabricks({ strange: true })).toBeInstanceOf(Error);
    expect(classifyDatabricks(undefined)).toBeInstanceOf(Error);
  });
});

describe('what says that a warehouse is about to start', () => {
  test.each([
    [http(503), true],
    [new Error('Hive driver: 503 when connecting to resource. Max retry count exceeded.'), true],
    [status('requirement failed: Session handle: x has not been initialized or had already closed.'), true],
    [status("Couldn't create directory /local_disk0/tmp"), true],
    [operation('ERROR', undefined, 'Command failed because warehouse was stopped.'), true],
    [http(429), false],
    [http(403, reason('TEMPORARILY_UNAVAILABLE')), false],
    [status('RESOURCE_EXHAUSTED: Cannot create the resource.'), false],
    [operation('ERROR', '42P01'), false],
    [network('ECONNREFUSED'), false],
    [undefined, false],
  ])('%o: %s', (error, expected) => expect(isWaking(error)).toBe(expected));
});
