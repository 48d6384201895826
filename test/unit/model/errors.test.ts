import { describe, expect, test } from 'vitest';
import {
  AUDIENCES,
  CdiError,
  ERROR_RULES,
  ERROR_TYPES,
  FINAL_ERROR_TYPES,
  classify,
  isErrorType,
} from '../../../model/errors.ts';
import { NO_COUNTS } from '../../../model/run.ts';
import { runOutcome } from '../../../model/run-outcome.ts';

describe('the table of errors', () => {
  test.each(ERROR_TYPES)('%s says what happened, who acts and what to do', (type) => {
    const rule = ERROR_RULES[type];
    expect(rule.summary).toMatch(/^[A-Z].*\.$/s);
    expect(rule.hint).toMatch(/^[A-Z].*\.$/s);
    expect(AUDIENCES).toContain(rule.audience);
  });

  test('configuration is never retried, and what is retried is an error in the end', () => {
    for (const type of ERROR_TYPES) {
      const { outcome, retryable } = ERROR_RULES[type];
      if (outcome === 'config_error') expect(retryable).toBe(false);
      if (retryable) expect(outcome).toBe('error');
      expect(FINAL_ERROR_TYPES.includes(type)).toBe(!retryable);
    }
  });

  test.each([
    ['credentials_invalid', 'config_error'],
    ['braze_unavailable', 'error'],
    ['limit_exceeded', 'limit_exceeded'],
    ['cancelled', 'cancelled'],
    ['internal', 'error'],
  ] as const)('a run stopped by %s ends as %s', (type, outcome) =>
    expect(runOutcome(NO_COUNTS, type)).toBe(outcome),
  );

  test('a run without an error is a success, or partial where rows were rejected', () => {
    expect(runOutcome(NO_COUNTS, undefined)).toBe('success');
    expect(runOutcome({ ...NO_COUNTS, read: 2, sent: 1, rejected: 1 }, undefined)).toBe('partial');
    expect(runOutcome({ ...NO_COUNTS, read: 1, rejected: 1 }, undefined)).toBe('partial');
  });
});

describe('classify', () => {
  test('knows its own errors, also as the cause of others', () => {
    const own = new CdiError('table_missing', 'No table.', { vendorCode: '42P01' });
    expect(classify(own)).toMatchObject({
      type: 'table_missing',
      message: 'No table.',
      retryable: false,
      audience: 'data_team',
    });
    expect(classify(new Error('outer', { cause: own }))).toMatchObject({
      type: 'table_missing',
      message: 'No table.',
    });
  });

  test('knows a Temporal failure that carries one of its types', () => {
    expect(classify(Object.assign(new Error('m'), { type: 'staging_full' }))).toMatchObject({
      type: 'staging_full',
      retryable: true,
    });
  });

  test.each([new Error('row value 42'), 'row value 42', undefined, { message: 'row value 42' }])(
    'whatever else is internal, and tells nothing of it (%#)',
    (thrown) => {
      const { type, message } = classify(thrown);
      expect(type).toBe('internal');
      expect(message).not.toContain('42');
    },
  );

  test('a chain of causes that never ends is given up', () => {
    const loop = new Error('a');
    loop.cause = loop;
    expect(classify(loop).type).toBe('internal');
  });

  test('types are told from other texts', () => {
    expect(isErrorType('superseded')).toBe(true);
    expect(isErrorType('toString')).toBe(false);
    expect(isErrorType(1)).toBe(false);
  });
});
