import { describe, expect, test } from 'vitest';
import { classifyFabric } from '../../../activities/warehouses/fabric/errors.ts';
import { CdiError, ERROR_RULES } from '../../../model/errors.ts';

const SECRET = "the value 'ada@example.com' of a row";

/** As the driver shapes them: an error of its own around one of another library. */
function shaped(fields: Record<string, unknown>, original?: Error): Error {
  return Object.assign(new Error(SECRET), fields, original ? { originalError: original } : {});
}

describe('errors of queries', () => {
  test.each([
    [208, 'table_missing'],
    [207, 'column_missing'],
    [229, 'permission_denied'],
    [230, 'permission_denied'],
    [916, 'permission_denied'],
    [241, 'query_refused'],
    [245, 'query_refused'],
    [8114, 'query_refused'],
    [24801, 'warehouse_busy'],
    [24802, 'warehouse_busy'],
    [1205, 'warehouse_busy'],
    [10928, 'warehouse_busy'],
    [10929, 'warehouse_busy'],
    [40501, 'warehouse_busy'],
    [40613, 'warehouse_busy'],
    [102, 'query_refused'],
  ])('%i is %s', (number, type) => {
    const classified = classifyFabric(shaped({ code: 'EREQUEST', number }));
    expect(classified).toBeInstanceOf(CdiError);
    expect(classified).toMatchObject({ type, vendorCode: String(number) });
    expect(classified.message).not.toContain('ada@example.com');
    expect(classified.message).toMatch(new RegExp(`^[A-Z].* \\(${number}\\)\\.$`));
  });

  test.each([
    ['ECANCEL', 'query_timeout'],
    ['ECLOSE', 'warehouse_unreachable'],
    ['ECONNRESET', 'warehouse_unreachable'],
    ['ESOCKET', 'warehouse_unreachable'],
    ['ETIMEOUT', 'warehouse_unreachable'],
    ['ENOTOPEN', 'warehouse_unreachable'],
    ['EINVALIDSTATE', 'warehouse_unreachable'],
  ])('%s is %s', (code, type) => {
    // The driver repeats the code as a number that is a text.
    const classified = classifyFabric(shaped({ code, number: code }));
    expect(classified).toMatchObject({ type, vendorCode: code });
  });

  test('of several errors the first that is known counts', () => {
    const inner = [shaped({ number: 208, code: 'EREQUEST' }), shaped({ number: 8180, code: 'EREQUEST' })];
    const error = shaped({ code: 'EREQUEST' }, new AggregateError(inner));
    expect(classifyFabric(error)).toMatchObject({ type: 'table_missing', vendorCode: '208' });
  });
});

describe('errors of logins', () => {
  test.each([
    [18456, 'credentials_invalid'],
    [4060, 'credentials_invalid'],
    [40613, 'warehouse_busy'],
    [24800, 'warehouse_busy'],
    [24801, 'warehouse_busy'],
    [40615, 'warehouse_unreachable'],
  ])('%i, which the driver leaves out, is %s', (number, type) => {
    expect(classifyFabric(shaped({ code: 'ELOGIN' }), { number })).toMatchObject({
      type,
      vendorCode: String(number),
    });
  });

  test('a refused login without a number is one of the credential', () => {
    expect(classifyFabric(shaped({ code: 'ELOGIN' }))).toMatchObject({
      type: 'credentials_invalid',
      vendorCode: 'ELOGIN',
    });
  });

  test.each([
    ['capacity has exceeded its limits. Try again later', 'exceeded its limits'],
    ['Unable to complete the action because this Fabric capacity is currently paused.', 'paused'],
  ])('"%s" tells by its text', (message, said) => {
    const classified = classifyFabric(Object.assign(new Error(message), { code: 'ELOGIN' }));
    expect(classified).toMatchObject({ type: 'warehouse_busy' });
    expect(classified.message).toContain(said);
  });

  test.each([
    ['AADSTS7000215', 'credentials_invalid', /secret: it is wrong/],
    ['AADSTS7000222', 'credentials_invalid', /has expired/],
    ['AADSTS700016', 'credentials_invalid', /no app with this `client_id`/],
    ['AADSTS90002', 'credentials_invalid', /no directory with this `tenant_id`/],
    ['AADSTS53003', 'credentials_invalid', /Conditional Access/],
    ['AADSTS90033', 'warehouse_unreachable', /passing problem/],
    ['AADSTS1', 'credentials_invalid', /Entra refused the login/],
    ['HTTP 503', 'warehouse_unreachable', /login service/],
    ['ECONNREFUSED', 'warehouse_unreachable', /login service/],
    ['ENOTFOUND', 'host_unknown', /login service/],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_failed', /login service/],
  ])('%s from Entra is %s', (entra, type, sentence) => {
    const error = shaped({}, new AggregateError([shaped({ code: 'EFEDAUTH' })]));
    const classified = classifyFabric(error, { entra });
    expect(classified).toMatchObject({ type, vendorCode: entra });
    expect(classified.message).toMatch(sentence);
  });

  test.each([
    ['ENOTFOUND', 'host_unknown'],
    ['ECONNREFUSED', 'warehouse_unreachable'],
    ['ETIMEDOUT', 'warehouse_unreachable'],
    ['EAI_AGAIN', 'warehouse_unreachable'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_failed'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'tls_failed'],
    ['CERT_HAS_EXPIRED', 'tls_failed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_failed'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls_failed'],
  ])('ESOCKET because of %s is %s', (code, type) => {
    const cause = new AggregateError([shaped({ code })]);
    const error = shaped(
      { code: 'ESOCKET' },
      Object.assign(new Error(SECRET, { cause }), { code: 'ESOCKET' }),
    );
    expect(classifyFabric(error)).toMatchObject({ type, vendorCode: code });
  });

  test('a pool that waited too long for a line', () => {
    expect(classifyFabric(Object.assign(new Error(SECRET), { name: 'TimeoutError' }))).toMatchObject({
      type: 'warehouse_unreachable',
    });
  });
});

test('every network error is retried', () => {
  expect(ERROR_RULES.warehouse_unreachable).toMatchObject({ retryable: true });
  expect(ERROR_RULES.warehouse_busy).toMatchObject({ retryable: true });
});

test("the pipeline's own errors pass through", () => {
  const own = new CdiError('cancelled', 'Cancelled.');
  expect(classifyFabric(own)).toBe(own);
});

test('what it does not know passes through, to be internal', () => {
  const strange = new Error('x');
  expect(classifyFabric(strange)).toBe(strange);
  expect(classifyFabric('x')).toMatchObject({ type: 'internal' });
});
