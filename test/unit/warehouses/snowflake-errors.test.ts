import { describe, expect, test } from 'vitest';
import { classifySnowflake } from '../../../activities/warehouses/snowflake/errors.ts';
import { CdiError, ERROR_RULES, type ErrorType } from '../../../model/errors.ts';

const SECRET = 'row value 4711';

/** An error as the driver makes them: codes of the server are texts, its own are numbers. */
const error = (
  properties: Record<string, unknown>,
  message = `Numeric value '${SECRET}' is not recognized`,
): Error => Object.assign(new Error(message), properties);

function classified(thrown: unknown, phase?: 'login' | 'query'): CdiError {
  const result = classifySnowflake(thrown, phase);
  if (!(result instanceof CdiError)) throw new Error('It was not classified.');
  expect(result.message).toMatch(/^[A-Z].*\.$/s);
  expect(result.message).not.toContain(SECRET);
  return result;
}

describe('errors of the login', () => {
  test.each<[string, ErrorType]>([
    ['390100', 'credentials_invalid'],
    ['390101', 'credentials_invalid'],
    ['390144', 'credentials_invalid'],
    ['394400', 'credentials_invalid'],
    ['390199', 'credentials_invalid'],
    ['390189', 'permission_denied'],
    ['390201', 'permission_denied'],
    ['390422', 'warehouse_unreachable'],
  ])('%s is %s', (code, type) =>
    expect(classified(error({ code }), 'login')).toMatchObject({ type, vendorCode: code }),
  );

  test('a network policy is told by its words where its code is another', () => {
    const thrown = error(
      { code: '390999' },
      'Incoming request with IP/Token 1.2.3.4 is not allowed to access Snowflake.',
    );
    const { type, message } = classified(thrown, 'login');
    expect(type).toBe('warehouse_unreachable');
    expect(message).toContain('network policy');
    expect(message).not.toContain('1.2.3.4');
  });

  test.each([
    [403, 'host_unknown'],
    [404, 'host_unknown'],
    [503, 'warehouse_unreachable'],
  ])('HTTP status %s is %s', (statusCode, type) =>
    expect(classified(error({ code: 401002, response: { statusCode } }), 'login')).toMatchObject({ type }),
  );

  test('what the driver does not take is a fault of the credential', () =>
    expect(classified(error({ code: 404045 }), 'login')).toMatchObject({ type: 'credentials_invalid' }));
});

describe('errors of the way', () => {
  test.each<[string, ErrorType]>([
    ['ECONNREFUSED', 'warehouse_unreachable'],
    ['ECONNRESET', 'warehouse_unreachable'],
    ['ECONNABORTED', 'warehouse_unreachable'],
    ['ENOTFOUND', 'host_unknown'],
    ['EAI_AGAIN', 'warehouse_unreachable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_failed'],
    ['CERT_HAS_EXPIRED', 'tls_failed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_failed'],
  ])('a network error because of %s is %s', (cause, type) => {
    const thrown = error({ code: 401001, cause: error({ code: cause }) });
    expect(classified(thrown)).toMatchObject({ type, vendorCode: cause });
  });

  test('a network error without a cause', () =>
    expect(classified(error({ code: 401001 }))).toMatchObject({
      type: 'warehouse_unreachable',
      vendorCode: undefined,
    }));

  test.each([402001, 402002])('%s says that the storage of results cannot be reached', (code) => {
    const { type, message } = classified(error({ code }));
    expect(type).toBe('warehouse_unreachable');
    expect(message).toContain('storage');
  });

  test.each(['390104', '390111', '390112', '390114', 401004, 405503, 407001, 407002])(
    '%s: the session is gone, and a new one may do',
    (code) => {
      const { type } = classified(error({ code }));
      expect(ERROR_RULES[type].retryable).toBe(true);
    },
  );

  test('a certificate that is revoked', () =>
    expect(classified(error({ code: 412001 }))).toMatchObject({ type: 'tls_failed' }));
});

describe('errors of queries', () => {
  test.each<[string, ErrorType]>([
    ['002043', 'table_missing'],
    ['003001', 'permission_denied'],
    ['000904', 'column_missing'],
    ['090105', 'table_missing'],
    ['000606', 'warehouse_busy'],
    ['090073', 'warehouse_busy'],
    ['000666', 'warehouse_busy'],
    ['000604', 'query_timeout'],
    ['000630', 'query_timeout'],
    ['001003', 'query_refused'],
    ['100038', 'query_refused'],
  ])('%s is %s', (code, type) =>
    expect(classified(error({ code }))).toMatchObject({ type, vendorCode: code }),
  );

  test.each<[string, ErrorType]>([
    ['42501', 'permission_denied'],
    ['57P03', 'warehouse_busy'],
    ['57014', 'query_timeout'],
  ])('an unknown code with SQLSTATE %s is %s', (sqlState, type) =>
    expect(classified(error({ code: '099999', sqlState }))).toMatchObject({ type }),
  );

  test.each([
    [
      `SQL compilation error:\nObject 'A.B.${SECRET}' does not exist or not authorized.`,
      'table or view',
      'SELECT',
    ],
    [`SQL compilation error:\nSchema 'A.${SECRET}' does not exist or not authorized.`, 'schema', 'USAGE'],
    [`SQL compilation error:\nDatabase '${SECRET}' does not exist or not authorized.`, 'database', 'USAGE'],
  ])('what is missing or forbidden is named by its kind alone, and both are said', (message, kind, right) => {
    const result = classified(error({ code: '002003' }, message));
    expect(result.type).toBe('table_missing');
    expect(result.message).toContain(
      `The ${kind} does not exist in Snowflake, or the role lacks ${right} on it`,
    );
  });

  test("the pipeline's own errors pass through, and what it does not know is internal", () => {
    const own = new CdiError('query_timeout', 'x');
    expect(classifySnowflake(own)).toBe(own);
    const strange = error({});
    expect(classifySnowflake(strange)).toBe(strange);
    expect(classifySnowflake('a text')).toMatchObject({ type: 'internal' });
  });
});
