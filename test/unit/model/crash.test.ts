import { expect, test } from 'vitest';
import { crashOf } from '../../../model/crash.ts';

test('a crash is its name, its code and where it arose, never its message', () => {
  const error = Object.assign(new RangeError('row ann@example.com\nof two lines'), { code: 'E_ROW' });
  const crash = crashOf(error);
  expect(crash).toMatchObject({ name: 'RangeError', code: 'E_ROW' });
  expect(crash.stack[0]).toMatch(/^\s+at /);
  expect(JSON.stringify(crash)).not.toMatch(/ann@|two lines/);
});

test('what is no error, or carries an odd code, is told without it', () => {
  expect(crashOf('ann@example.com')).toEqual({ name: 'string', code: undefined, stack: [] });
  expect(crashOf(Object.assign(new Error('x'), { code: { row: 1 } })).code).toBeUndefined();
});
