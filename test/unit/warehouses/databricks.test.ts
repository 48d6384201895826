import { describe, expect, test } from 'vitest';
import { databricks } from '../../../activities/warehouses/databricks/databricks.ts';
import {
  clockQuery,
  countByHashQuery,
  countQuery,
  describeQuery,
  labelComment,
  labelText,
  quote,
  readQuery,
} from '../../../activities/warehouses/databricks/sql.ts';
import type { ReadRange } from '../../../activities/warehouses/warehouse.ts';
import type { SourceColumns } from '../../../model/source-columns.ts';

const SOURCE = { schema: 's', table: 't' };
const FROM = '2026-01-31 00:00:00.000001';
const TO = '2026-02-01 00:00:00.000000';
const RANGE: ReadRange = { from: FROM, inclusive: true, to: TO };
const columns: SourceColumns = {
  updatedAt: { name: 'Updated_At', kind: 'timestamp', type: 'TIMESTAMP' },
  externalId: { name: 'external_id', kind: 'integer', type: 'BIGINT' },
  payload: { name: 'payload', kind: 'json', type: 'STRUCT' },
};
const item: SourceColumns = {
  updatedAt: { name: 'u', kind: 'timestamp', type: 'TIMESTAMP' },
  id: { name: 'id', kind: 'text', type: 'STRING' },
  payload: { name: 'p', kind: 'text', type: 'STRING' },
  deleted: { name: 'd', kind: 'boolean', type: 'BOOLEAN' },
};

describe('names', () => {
  test.each([
    ['plain', '`plain`'],
    ['a`; drop table b; --', '`a``; drop table b; --`'],
    ['```', '````````'],
    ['dot.ted', '`dot.ted`'],
    ['"\'\\', '`"\'\\`'],
  ])('%s is quoted', (name, quoted) => expect(quote(name)).toBe(quoted));

  test('each part is quoted on its own', () => {
    expect(describeQuery({ schema: 'a.b`', table: 'c d' })).toBe('select * from `a.b```.`c d` limit 0');
  });
});

describe('reading', () => {
  test('orders by the column itself, not by its text', () => {
    const text = readQuery(SOURCE, columns, RANGE, 10);
    expect(text).toContain("date_format(t.`Updated_At`, 'yyyy-MM-dd HH:mm:ss.SSSSSS') as wm");
    expect(text).toMatch(/ order by t\.`Updated_At` limit 10$/);
    expect(text).toContain(
      ` from \`s\`.\`t\` t where t.\`Updated_At\` <= '${TO}' and t.\`Updated_At\` >= '${FROM}' `,
    );
  });

  test('takes the blanks of a CHAR off, which only fill its width', () => {
    const padded: SourceColumns = { ...item, id: { name: 'id', kind: 'text', type: 'CHAR' } };
    const text = readQuery(SOURCE, padded, { ...RANGE, users: ['0a'] }, 10);
    expect(text).toContain('rtrim(t.`id`) as id');
    expect(text).toContain("coalesce(rtrim(t.`id`), '')");
  });

  test('selects what the table has, as text', () => {
    const text = readQuery(SOURCE, columns, RANGE, Infinity);
    expect(text).toContain('cast(t.`external_id` as string) as externalId');
    expect(text).toContain('to_json(t.`payload`) as payload');
    expect(text).not.toMatch(/email|deleted|limit/);
    const catalog = readQuery(SOURCE, item, RANGE, Infinity);
    expect(catalog).toContain('t.`p` as payload, cast(t.`d` as string) as deleted from');
  });

  test('begins at the beginning without a lower bound, and after an instant with >', () => {
    const whole = readQuery(SOURCE, columns, { from: null, inclusive: true, to: null }, 1);
    expect(whole).toContain('where t.`Updated_At` is not null order by');
    const after = countQuery(SOURCE, columns, { from: FROM, inclusive: false, to: TO, beforeTo: true });
    expect(after).toContain(`\`Updated_At\` < '${TO}' and t.\`Updated_At\` > '${FROM}'`);
  });

  test('shares, users and deleted rows', () => {
    const hash = `md5(concat(coalesce(cast(t.\`external_id\` as string), ''), chr(31), '', chr(31), '', chr(31), '', chr(31), '', chr(31), '', chr(31), ''))`;
    const share = countQuery(SOURCE, columns, { ...RANGE, share: { low: '8a', high: 'ff' } });
    expect(share).toContain(` and substring(${hash}, 1, 2) between '8a' and 'ff'`);
    const users = countQuery(SOURCE, columns, { ...RANGE, users: ['0'.repeat(32), 'f'.repeat(32)] });
    expect(users).toContain(` and ${hash} in ('${'0'.repeat(32)}', '${'f'.repeat(32)}')`);
    expect(countQuery(SOURCE, item, { ...RANGE, deletedOnly: true })).toMatch(/ and t\.`d`$/);
    expect(countByHashQuery(SOURCE, columns, RANGE, 3)).toContain(
      `select substring(${hash}, 1, 3) as prefix`,
    );
  });
});

describe('values', () => {
  test.each([`${TO}'`, `' or 1=1 --`, '', '2026-02-01T00:00:00Z', `${TO}\n`])(
    'the instant %j is not put into a statement',
    (to) => expect(() => countQuery(SOURCE, columns, { ...RANGE, to })).toThrow('not in the form'),
  );

  test.each([`0'`, '', 'F', '0'.repeat(33), '\\'])('the hash %j is not put into a statement', (hash) => {
    expect(() => countQuery(SOURCE, columns, { ...RANGE, users: [hash] })).toThrow('not in the form');
    expect(() => countQuery(SOURCE, columns, { ...RANGE, share: { low: hash, high: 'f' } })).toThrow();
  });

  test('the safety lag goes in microseconds', () => {
    expect(clockQuery(1.5)).toContain('unix_micros(current_timestamp()) - 1500)');
  });

  test('a label can end neither a comment nor a header', () => {
    expect(labelComment('braze-cdi */ drop table a; /* ü\n')).toBe('/* braze-cdi __ drop table a_ __ __ */ ');
    expect(labelText('x'.repeat(500))).toHaveLength(120);
    expect(labelComment('braze-cdi users 0198c0de-1abe-7000')).toBe(
      '/* braze-cdi users 0198c0de-1abe-7000 */ ',
    );
  });

  test.each([
    ['2026-01-31T00:00:00Z', '2026-01-31 00:00:00.000000'],
    ['2026-01-31T12:30:00.5Z', '2026-01-31 12:30:00.500000'],
    ['2026-01-31T12:30:00.123456789Z', '2026-01-31 12:30:00.123456'],
  ])('the time %s is written as %s', (utc, own) => expect(databricks.instant(utc)).toBe(own));
});
