import { expect, test } from 'vitest';
import { crashOf } from '../../../model/crash.ts';

test('a crash is its name, its code and where it arose, never its message', () => {
  const error = Object.assign(new RangeError('row ann@example.com\nof two lines'), { code: 'E_ROW' });
  const crash = crashOf(error);
  expect(crash).toMatchObject({ name: 'RangeError', code: 'E_ROW' });
  expect(crash.stack[0]).toMatch(/^\s+at /);
  expect(crashOf(Object.assign(new Error('x'), { code: 7 })).code).toBe(7);
  expect(JSON.stringify(crash)).not.toMatch(/ann@|two lines/);
});

test('what is no error, or carries an odd code, is told without it', () => {
  const told = new Error('Look at row ann@example.com\nand at row 2\n    at what');
  told.stack = `Error: ${told.message.replace('\n    at what', '')}\n    at file.ts:1`;
  expect(crashOf(told).stack).toEqual(['    at file.ts:1']);
  delete told.stack;
  expect(crashOf(told).stack).toEqual([]);
  expect(crashOf('ann@example.com')).toEqual({ name: 'string', code: undefined, stack: [] });
  expect(crashOf(Object.assign(new Error('x'), { code: { row: 1 } })).code).toBeUndefined();
});
