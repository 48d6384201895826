import { describe, expect, test } from 'vitest';
import { rowReader } from '../../../activities/warehouses/snowflake/rows.ts';
import { snowflake } from '../../../activities/warehouses/snowflake/snowflake.ts';
import {
  clockQuery,
  countByHashQuery,
  countQuery,
  describeQuery,
  quote,
  readQuery,
  readRoles,
} from '../../../activities/warehouses/snowflake/sql.ts';
import type { ReadRange } from '../../../activities/warehouses/warehouse.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';

const column = (name: string, type: string, kind: Column['kind'] = 'text'): Column => ({ name, type, kind });
const columns: SourceColumns = {
  updatedAt: column('Updated_At', 'TIMESTAMP_NTZ', 'timestamp'),
  externalId: column('EXTERNAL_ID', 'NUMBER(38,0)', 'integer'),
  email: column('EMAIL', 'VARCHAR'),
  payload: column('PAYLOAD', 'VARIANT', 'json'),
};
const source = { schema: 'S', table: 'T' };
const everything: ReadRange = { from: null, inclusive: true, to: null };
const FORM = `'YYYY-MM-DD"T"HH24:MI:SS.FF9'`;

describe('SQL', () => {
  test('quotes hostile names', () => {
    expect(quote('a"; drop table b; --')).toBe('"a""; drop table b; --"');
    expect(describeQuery({ schema: 's"', table: 't ?' }).text).toBe('SELECT * FROM "s"""."t ?" LIMIT 0');
  });

  test('orders by the column itself, not by its text', () => {
    const { text, values } = readQuery(source, columns, { from: 'F', inclusive: true, to: 'T' }, 10);
    expect(text).toBe(
      `SELECT TO_VARCHAR(t."Updated_At", ${FORM}) AS wm, TO_VARCHAR(t."EXTERNAL_ID") AS c0, t."EMAIL" AS c1, ` +
        `TO_JSON(t."PAYLOAD") AS c2 FROM "S"."T" AS t ` +
        `WHERE t."Updated_At" <= TO_TIMESTAMP_NTZ(?, ${FORM}) AND t."Updated_At" >= TO_TIMESTAMP_NTZ(?, ${FORM}) ` +
        `ORDER BY t."Updated_At" LIMIT 10`,
    );
    expect(values).toEqual(['T', 'F']);
  });

  test('reads to the end of an open range, without rows that lack a time', () => {
    const { text, values } = readQuery(source, columns, everything, Infinity);
    expect(text).toMatch(/WHERE t\."Updated_At" IS NOT NULL ORDER BY t\."Updated_At"$/);
    expect(values).toEqual([]);
  });

  test('begins after an instant with >, and leaves the end out with <', () => {
    const range: ReadRange = { from: 'F', inclusive: false, to: 'T', beforeTo: true };
    expect(countQuery(source, columns, range)).toEqual({
      text:
        `SELECT COUNT(*) FROM "S"."T" AS t WHERE t."Updated_At" < TO_TIMESTAMP_NTZ(?, ${FORM}) ` +
        `AND t."Updated_At" > TO_TIMESTAMP_NTZ(?, ${FORM})`,
      values: ['T', 'F'],
    });
  });

  test.each(['TIMESTAMP_TZ', 'TIMESTAMP_LTZ'])(
    'turns %s into UTC, and compares the column as it is',
    (type) => {
      const zoned = { ...columns, updatedAt: column('U', type, 'timestamp') };
      const { text } = readQuery(source, zoned, { ...everything, from: 'F' }, 1);
      expect(text).toContain(`TO_VARCHAR(CONVERT_TIMEZONE('UTC', t."U"), ${FORM}) AS wm`);
      expect(text).toContain(
        `WHERE t."U" >= TO_TIMESTAMP_TZ(? || '+0000', 'YYYY-MM-DD"T"HH24:MI:SS.FF9TZHTZM') ORDER`,
      );
    },
  );

  test.each([
    ['VARCHAR', 'text', 't."P"'],
    ['VARIANT', 'json', 'TO_JSON(t."P")'],
    ['OBJECT', 'json', 'TO_JSON(TO_VARIANT(t."P"))'],
    ['MAP', 'json', 'TO_JSON(TO_VARIANT(t."P"))'],
  ] as const)('reads a payload of type %s as text', (type, kind, text) => {
    const typed = { updatedAt: columns.updatedAt, payload: column('P', type, kind) };
    expect(readQuery(source, typed, everything, 1).text).toContain(`, ${text} AS c0 FROM`);
  });

  test('hashes the identifiers as the product does: those that are missing are empty', () => {
    const hash = `MD5(COALESCE(TO_VARCHAR(t."EXTERNAL_ID"), '') || CHR(31) || '' || CHR(31) || '' || CHR(31) || '' || CHR(31) || LOWER(COALESCE(t."EMAIL", '')) || CHR(31) || '' || CHR(31) || '')`;
    expect(countByHashQuery(source, columns, everything, 3).text).toBe(
      `SELECT LEFT(${hash}, 3), COUNT(*) FROM "S"."T" AS t WHERE t."Updated_At" IS NOT NULL GROUP BY 1`,
    );
    expect(countQuery(source, columns, { ...everything, share: { low: '0a', high: 'ff' } })).toEqual({
      text: `SELECT COUNT(*) FROM "S"."T" AS t WHERE t."Updated_At" IS NOT NULL AND LEFT(${hash}, 2) BETWEEN ? AND ?`,
      values: ['0a', 'ff'],
    });
    const named = countQuery(source, columns, { ...everything, to: 'T', users: ['h1', 'h2'] });
    expect(named.text).toContain(` AND ${hash} IN (?, ?)`);
    expect(named.values).toEqual(['T', 'h1', 'h2']);
  });

  test('counts deleted items alone where the table tells', () => {
    const items = { ...columns, deleted: column('DELETED', 'BOOLEAN', 'boolean') };
    expect(countQuery(source, items, { ...everything, deletedOnly: true }).text).toMatch(
      / AND t\."DELETED"$/,
    );
    expect(countQuery(source, columns, { ...everything, deletedOnly: true }).text).not.toContain('DELETED');
  });

  test('asks for the clock once, in UTC', () => {
    expect(clockQuery(5_000.4).text).toBe(
      `SELECT TO_VARCHAR(c.now, ${FORM}), TO_VARCHAR(DATEADD(millisecond, -5000, c.now), ${FORM}) ` +
        `FROM (SELECT SYSDATE() AS now) AS c`,
    );
  });

  test.each([
    ['2026-01-31T00:00:00Z', '2026-01-31T00:00:00.000000000'],
    ['2026-01-31T12:30:00.5Z', '2026-01-31T12:30:00.500000000'],
    ['2026-01-31T12:30:00.1234567891Z', '2026-01-31T12:30:00.123456789'],
  ])('writes the time %s as %s', (utc, own) => expect(snowflake.instant(utc)).toBe(own));
});

describe('rows', () => {
  test('come in the order of the query, with null for what was not selected', () => {
    const roles = readRoles({ ...columns, deleted: column('DELETED', 'BOOLEAN', 'boolean') });
    expect(roles).toEqual(['externalId', 'email', 'payload', 'deleted']);
    expect(rowReader(roles)(['WM', '1', null, '{}', 'false'])).toEqual({
      updatedAt: 'WM',
      externalId: '1',
      aliasName: null,
      aliasLabel: null,
      brazeId: null,
      email: null,
      phone: null,
      id: null,
      payload: '{}',
      deleted: false,
    });
  });

  test.each([
    ['true', true],
    ['false', false],
    [null, null],
  ])('DELETED %s is %s', (text, deleted) =>
    expect(rowReader(['deleted'])(['WM', text])).toMatchObject({ deleted }),
  );
});
