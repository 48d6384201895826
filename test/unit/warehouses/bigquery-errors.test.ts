import { describe, expect, test } from 'vitest';
import {
  classifyBigquery,
  isDuplicate,
  isNotFound,
  isUnauthorized,
  isVerdict,
} from '../../../activities/warehouses/bigquery/errors.ts';
import { CdiError } from '../../../model/errors.ts';

/** As the driver makes it of an answer, or of a job that failed: those have no code. */
const apiError = (reason: string, message = 'secret value', code?: number): Error =>
  Object.assign(new Error(message), { errors: [{ reason, message }], ...(code ? { code } : {}) });
const systemError = (code: string | number, message = 'secret value'): Error =>
  Object.assign(new Error(message), { code });

describe('reasons', () => {
  test.each([
    ['authError', 'credentials_invalid'],
    ['accessDenied', 'permission_denied'],
    ['accessNotConfigured', 'permission_denied'],
    ['notFound', 'table_missing'],
    ['invalidQuery', 'query_refused'],
    ['invalid', 'query_refused'],
    ['bytesBilledLimitExceeded', 'query_refused'],
    ['responseTooLarge', 'query_refused'],
    ['quotaExceeded', 'warehouse_busy'],
    ['rateLimitExceeded', 'warehouse_busy'],
    ['jobRateLimitExceeded', 'warehouse_busy'],
    ['billingNotEnabled', 'warehouse_busy'],
    ['billingTierLimitExceeded', 'warehouse_busy'],
    ['resourcesExceeded', 'warehouse_busy'],
    ['tableUnavailable', 'warehouse_busy'],
    ['blocked', 'warehouse_busy'],
    ['backendError', 'warehouse_unreachable'],
    ['internalError', 'warehouse_unreachable'],
    ['jobBackendError', 'warehouse_unreachable'],
    ['stopped', 'query_timeout'],
    ['timeout', 'query_timeout'],
    ['somethingNew', 'query_refused'],
  ])('%s is %s', (reason, type) => {
    const classified = classifyBigquery(apiError(reason));
    expect(classified).toBeInstanceOf(CdiError);
    expect(classified).toMatchObject({ type, vendorCode: reason });
    expect(classified.message).not.toContain('secret');
    expect(classified.message).toMatch(/^[A-Z].*\(\w+\)\.$/s);
  });

  test('a reason goes before the status', () =>
    expect(classifyBigquery(apiError('quotaExceeded', 'x', 403))).toMatchObject({ type: 'warehouse_busy' }));
});

describe('what there is no reason for', () => {
  test.each([
    [400, 'query_refused'],
    [401, 'credentials_invalid'],
    [403, 'permission_denied'],
    [404, 'warehouse_unreachable'],
    [408, 'warehouse_unreachable'],
    [413, 'query_refused'],
    [429, 'warehouse_busy'],
    [500, 'warehouse_unreachable'],
    [503, 'warehouse_unreachable'],
    ['ENOTFOUND', 'host_unknown'],
    ['EAI_AGAIN', 'warehouse_unreachable'],
    ['ECONNREFUSED', 'warehouse_unreachable'],
    ['ECONNRESET', 'warehouse_unreachable'],
    ['ERR_STREAM_PREMATURE_CLOSE', 'warehouse_unreachable'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls_failed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls_failed'],
    ['CERT_HAS_EXPIRED', 'tls_failed'],
    ['EPROTO', 'tls_failed'],
  ])('%s is %s', (code, type) => {
    const classified = classifyBigquery(systemError(code));
    expect(classified).toMatchObject({ type, vendorCode: String(code) });
    expect(classified.message).not.toContain('secret');
  });

  test.each([
    ['Could not load the default credentials. Browse to https://…', 'credentials_invalid'],
    ['invalid_grant', 'credentials_invalid'],
    ['socket hang up', 'warehouse_unreachable'],
  ])('"%s" is %s', (message, type) => expect(classifyBigquery(new Error(message))).toMatchObject({ type }));

  test('what it does not know passes through, to be internal', () => {
    const strange = new Error('secret value');
    expect(classifyBigquery(strange)).toBe(strange);
    expect(classifyBigquery('text')).toMatchObject({ type: 'internal' });
  });

  test("the pipeline's own errors pass through", () => {
    const own = new CdiError('query_timeout', 'Too long.');
    expect(classifyBigquery(own)).toBe(own);
  });
});

describe('what is said closer', () => {
  test.each([['Unrecognized name: payload at [1:8]'], ['Name payload not found inside t at [1:10]']])(
    '%s',
    (message) =>
      expect(classifyBigquery(apiError('invalidQuery', message))).toMatchObject({ type: 'column_missing' }),
  );

  test('the permission that is missing', () => {
    const message =
      'Access Denied: Table p:secret.t: Permission bigquery.tables.getData denied on table p:secret.t (or it may not exist).';
    const { message: said } = classifyBigquery(apiError('accessDenied', message));
    expect(said).toContain('it lacks bigquery.tables.getData');
    expect(said).not.toContain('secret');
  });

  test('the limit of bytes, and what to do about it', () =>
    expect(classifyBigquery(apiError('bytesBilledLimitExceeded')).message).toContain(
      '`maximum_bytes_billed`',
    ));

  test('a project that is not there is no missing table', () => {
    const classified = classifyBigquery(apiError('notFound', 'Not found: Project secret', 404));
    expect(classified).toMatchObject({ type: 'credentials_invalid' });
    expect(classified.message).toBe('BigQuery does not know the project of the credential (notFound).');
  });

  test.each([
    ['Not found: Job p:EU.cdi_1'],
    ['Not found: Table p:_secret.anon1 was not found in location EU'],
  ])('a result that is not kept any more is no missing table: %s', (message) => {
    const classified = classifyBigquery(apiError('notFound', message, 404));
    expect(classified).toMatchObject({ type: 'warehouse_unreachable' });
    expect(classified.message).toBe('BigQuery does not keep the result of the query any more (notFound).');
  });

  test('a filter that the table requires', () => {
    const message =
      "Cannot query over table 'p.secret.t' without a filter over column(s) 'day' that can be used for partition elimination";
    const classified = classifyBigquery(apiError('invalidQuery', message));
    expect(classified).toMatchObject({ type: 'query_refused' });
    expect(classified.message).toContain('requires a filter');
    expect(classified.message).not.toContain('secret');
  });
});

test('duplicates, missing jobs and refused tokens are told by their status', () => {
  expect([409, 404, 401].map((code) => isDuplicate(systemError(code)))).toEqual([true, false, false]);
  expect([409, 404, 401].map((code) => isNotFound(systemError(code)))).toEqual([false, true, false]);
  expect([409, 404, 401].map((code) => isUnauthorized(systemError(code)))).toEqual([false, false, true]);
});

test('a job is over once the server has said so, not while it has trouble of its own', () => {
  expect(isVerdict(apiError('invalidQuery', 'x', 400))).toBe(true);
  expect(isVerdict(apiError('stopped'))).toBe(true);
  expect([408, 429, 500, 503].map((code) => isVerdict(apiError('backendError', 'x', code)))).toEqual(
    Array.from({ length: 4 }, () => false),
  );
  expect(isVerdict(systemError('ECONNRESET'))).toBe(false);
  expect(isVerdict(new CdiError('query_timeout', 'Too long.'))).toBe(false);
});
