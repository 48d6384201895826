import { describe, expect, test } from 'vitest';
import {
  AUDIENCES,
  CdiError,
  ERROR_RULES,
  ERROR_TYPES,
  FINAL_ERROR_TYPES,
  adviceOn,
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

  test('the advice names who must act in words', () => {
    expect(adviceOn('catalog_full')).toBe(
      'Who must act: the Braze administrator. What to do: Free space or raise the tier in Braze.',
    );
    const words = {
      data_team: 'the data team',
      braze_admin: 'the Braze administrator',
      operator: 'the operator of this installation',
      nobody: 'nobody',
    };
    for (const type of ERROR_TYPES) {
      const { audience, hint } = ERROR_RULES[type];
      expect(adviceOn(type)).toBe(`Who must act: ${words[audience]}. What to do: ${hint}`);
    }
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
    ['staging_lost', 'error'],
  ] as const)('a run stopped by %s ends as %s', (type, outcome) =>
    expect(runOutcome(NO_COUNTS, type)).toBe(outcome),
  );

  test('no retry finds what is lost, shared or overtaken; it does where something only had to come back', () => {
    expect(FINAL_ERROR_TYPES).toEqual(
      expect.arrayContaining([
        'staging_lost',
        'staging_not_shared',
        'superseded',
        'internal',
        'table_missing',
      ]),
    );
    for (const type of [
      'warehouse_unreachable',
      'braze_unavailable',
      'ledger_unavailable',
      'lease_lost',
    ] as const) {
      expect(FINAL_ERROR_TYPES).not.toContain(type);
    }
  });

  test('a run begins to count at zero', () => {
    expect(NO_COUNTS).toEqual({ read: 0, sent: 0, rejected: 0, requests: 0, possiblyDoubled: 0 });
  });

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
    expect(isErrorType(['superseded'])).toBe(false);
  });

  test('a cause is found behind nine errors, and looked for no further', () => {
    const behind = (outer: number): Error =>
      outer === 0
        ? new CdiError('table_missing', 'No table.')
        : new Error('outer', { cause: behind(outer - 1) });
    expect(classify(behind(9)).type).toBe('table_missing');
    expect(classify(behind(10)).type).toBe('internal');
  });

  test('what is internal is told by the name of its class or type', () => {
    expect(classify(new TypeError('secret')).message).toBe(
      'Unexpected TypeError; the worker log has the details.',
    );
    expect(classify('secret').message).toBe('Unexpected string; the worker log has the details.');
  });
});

describe('CdiError', () => {
  test('keeps what it is given, for the log and for the next attempt', () => {
    const cause = new Error('of the driver');
    const error = new CdiError('braze_rate_limited', 'Wait.', { cause, vendorCode: '429', retryAfterMs: 50 });
    expect(error).toMatchObject({
      name: 'CdiError',
      type: 'braze_rate_limited',
      message: 'Wait.',
      vendorCode: '429',
      retryAfterMs: 50,
      cause,
    });
  });

  test('has no cause where there is none', () => {
    expect('cause' in new CdiError('internal', 'Why.')).toBe(false);
  });
});
