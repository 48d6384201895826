import type { Column } from 'snowflake-sdk';
import { expect, test } from 'vitest';
import { columnOf } from '../../../activities/warehouses/snowflake/columns.ts';

/** As the driver gives them; only what is asked for. */
function given(type: string, precision = 0, scale = 0): Column {
  const known: Partial<Column> = {
    getName: () => 'Name',
    getType: () => type,
    getPrecision: () => precision,
    getScale: () => scale,
  };
  return known as Column;
}

test.each([
  ['text', 'VARCHAR', 'text'],
  ['TEXT', 'VARCHAR', 'text'],
  ['boolean', 'BOOLEAN', 'boolean'],
  ['timestamp_ntz', 'TIMESTAMP_NTZ', 'timestamp'],
  ['timestamp_ltz', 'TIMESTAMP_LTZ', 'timestamp'],
  ['timestamp_tz', 'TIMESTAMP_TZ', 'timestamp'],
  ['variant', 'VARIANT', 'json'],
  ['object', 'OBJECT', 'json'],
  ['map', 'MAP', 'json'],
  ['array', 'ARRAY', 'other'],
  ['date', 'DATE', 'other'],
  ['real', 'REAL', 'other'],
  ['geography', 'GEOGRAPHY', 'other'],
])('%s is %s, of kind %s', (wire, type, kind) =>
  expect(columnOf(given(wire))).toEqual({ name: 'Name', type, kind }),
);

test('a number is an identifier where it has no digits after the point', () => {
  expect(columnOf(given('fixed', 38, 0))).toMatchObject({ type: 'NUMBER(38,0)', kind: 'integer' });
  expect(columnOf(given('fixed', 12, 2))).toMatchObject({ type: 'NUMBER(12,2)', kind: 'other' });
});
