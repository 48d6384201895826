import { expect, test } from 'vitest';
import { isConnectionError } from '../../../store/connection-error.ts';

const withCode = (code: string): Error => Object.assign(new Error('x'), { code });

test.each([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ENETUNREACH',
  'ENETDOWN',
  '08006',
  '25006',
  '25P03',
  '40001',
  '40P01',
  '53100',
  '53300',
  '57014',
  '57P01',
])('%s is waited for, also as a cause', (code) => {
  expect(isConnectionError(withCode(code))).toBe(true);
  expect(isConnectionError(new Error('outer', { cause: withCode(code) }))).toBe(true);
});

test.each(['23505', '42P01', '22003', 'XX000', ''])('%s is not', (code) =>
  expect(isConnectionError(withCode(code))).toBe(false),
);

test.each(['Connection terminated unexpectedly', 'timeout expired'])('"%s" is waited for', (message) =>
  expect(isConnectionError(new Error(message))).toBe(true),
);

test('what is no error is not', () => expect(isConnectionError('ECONNREFUSED')).toBe(false));
