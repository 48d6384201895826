import { describe, expect, test } from 'vitest';
import {
  clockQuery,
  countAfterQuery,
  countByHashQuery,
  countQuery,
  countWithoutTimestampQuery,
  describePartitionedQuery,
  describeQuery,
  quote,
  readQuery,
} from '../../../activities/warehouses/bigquery/sql.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';

const source = { schema: 'ds', table: 'my table' };
const string = (name: string): Column => ({ name, kind: 'text', type: 'STRING' });
const users: SourceColumns = {
  updatedAt: { name: 'Updated_At', kind: 'timestamp', type: 'TIMESTAMP' },
  externalId: { name: 'external_id', kind: 'integer', type: 'INT64' },
  email: string('email'),
  payload: { name: 'payload', kind: 'json', type: 'JSON' },
};
const items: SourceColumns = {
  updatedAt: { name: 'updated_at', kind: 'timestamp', type: 'DATETIME' },
  id: string('id'),
  payload: { name: 'payload', kind: 'json', type: 'STRUCT' },
  deleted: { name: 'deleted', kind: 'boolean', type: 'BOOL' },
};
const EVERYTHING = { from: null, inclusive: true, to: null };
const FROM = '2026-01-31T12:00:00.123456Z';
const TO = '2026-01-31T13:00:00.000000Z';
const HASH =
  `TO_HEX(MD5(CONCAT(IFNULL(CAST(t.\`external_id\` AS STRING), ''), CHR(31), '', CHR(31), '', CHR(31), '', CHR(31), ` +
  `LOWER(IFNULL(CAST(t.\`email\` AS STRING), '')), CHR(31), '', CHR(31), '')))`;

describe('names', () => {
  test.each([
    ['plain', '`plain`'],
    ['we`ird; drop table t; --', '`we\\`ird; drop table t; --`'],
    ['back\\slash', '`back\\\\slash`'],
    ['\\`', '`\\\\\\``'],
    ['two\nlines\r', '`two\\nlines\\r`'],
    ['$1 ? @from {p} %s', '`$1 ? @from {p} %s`'],
  ])('%j is quoted as %s', (name, quoted) => expect(quote(name)).toBe(quoted));

  test('are quoted wherever they stand', () => {
    const hostile = '`; drop table x; --';
    const columns: SourceColumns = {
      updatedAt: { ...users.updatedAt, name: hostile },
      externalId: string(hostile),
      payload: string(hostile),
      deleted: { name: hostile, kind: 'boolean', type: 'BOOL' },
    };
    const named = { schema: hostile, table: hostile };
    const range = { ...EVERYTHING, to: TO, deletedOnly: true, users: ['h'], share: { low: '0', high: '1' } };
    for (const { text } of [
      describeQuery(named),
      describePartitionedQuery(named),
      readQuery(named, columns, range, 10),
      countQuery(named, columns, range),
      countByHashQuery(named, columns, range, 2),
      countWithoutTimestampQuery(named, columns),
    ]) {
      expect(text).toContain(hostile.replace('`', '\\`'));
      expect(text.replaceAll(quote(hostile), '')).not.toContain('drop');
    }
  });
});

describe('reading', () => {
  test('writes UPDATED_AT with microseconds in UTC, and orders by the column, not by its text', () => {
    const { text, roles } = readQuery(source, users, EVERYTHING, 10);
    expect(text).toBe(
      "SELECT FORMAT_DATETIME('%E4Y-%m-%dT%H:%M:%E6SZ', DATETIME(t.`Updated_At`, 'UTC')) AS wm, " +
        't.`external_id` AS c0, t.`email` AS c1, t.`payload` AS c2 ' +
        'FROM `ds`.`my table` AS t WHERE t.`Updated_At` IS NOT NULL ORDER BY t.`Updated_At` LIMIT 10',
    );
    expect(roles).toEqual(['updatedAt', 'externalId', 'email', 'payload']);
  });

  test('writes a STRUCT as JSON, and NULL as NULL; a DATETIME has no zone', () => {
    const { text, roles } = readQuery(source, items, EVERYTHING, Infinity);
    expect(text).toContain("FORMAT_DATETIME('%E4Y-%m-%dT%H:%M:%E6SZ', t.`updated_at`) AS wm");
    expect(text).toContain('IF(t.`payload` IS NULL, NULL, TO_JSON_STRING(t.`payload`)) AS c1');
    expect(text).not.toContain('LIMIT');
    expect(roles).toEqual(['updatedAt', 'id', 'payload', 'deleted']);
  });

  test('casts instants, which travel as texts', () => {
    const { text, params } = readQuery(source, users, { from: FROM, inclusive: true, to: TO }, 10);
    expect(text).toContain(
      'WHERE t.`Updated_At` <= CAST(@to AS TIMESTAMP) AND t.`Updated_At` >= CAST(@from AS TIMESTAMP) ORDER',
    );
    expect(params).toEqual({ from: FROM, to: TO });
  });

  test('compares a DATETIME with a text that has no zone', () => {
    const { text, params } = readQuery(
      source,
      items,
      { from: FROM, inclusive: false, to: TO, beforeTo: true, deletedOnly: true },
      10,
    );
    expect(text).toContain(
      'WHERE t.`updated_at` < CAST(@to AS DATETIME) AND t.`updated_at` > CAST(@from AS DATETIME) AND t.`deleted` ORDER',
    );
    expect(params).toEqual({ from: FROM.slice(0, -1), to: TO.slice(0, -1) });
  });

  test('takes a share of the users, or named ones', () => {
    const share = readQuery(source, users, { ...EVERYTHING, share: { low: '0a', high: '7f' } }, 10);
    expect(share.text).toContain(`SUBSTR(${HASH}, 1, 2) BETWEEN @low AND @high`);
    expect(share.params).toEqual({ low: '0a', high: '7f' });
    const named = readQuery(source, users, { ...EVERYTHING, users: ['h1', 'h2'] }, 10);
    expect(named.text).toContain(`${HASH} IN UNNEST(@users)`);
    expect(named.params).toEqual({ users: ['h1', 'h2'] });
    const nobody = readQuery(source, users, { ...EVERYTHING, users: [] }, 10);
    expect(nobody.text).toContain('AND FALSE ORDER');
    expect(nobody.params).toEqual({});
  });
});

describe('the other queries', () => {
  test('count', () => {
    expect(countAfterQuery(source, users, FROM)).toEqual({
      text: 'SELECT COUNT(*) AS n FROM `ds`.`my table` AS t WHERE t.`Updated_At` > CAST(@from AS TIMESTAMP)',
      params: { from: FROM },
    });
    expect(countQuery(source, users, EVERYTHING).text).toBe(
      'SELECT COUNT(*) AS n FROM `ds`.`my table` AS t WHERE t.`Updated_At` IS NOT NULL',
    );
    expect(countWithoutTimestampQuery(source, users).text).toBe(
      'SELECT COUNT(*) AS n FROM `ds`.`my table` AS t WHERE t.`Updated_At` IS NULL',
    );
    expect(countByHashQuery(source, users, EVERYTHING, 3).text).toBe(
      `SELECT SUBSTR(${HASH}, 1, 3) AS prefix, COUNT(*) AS n ` +
        'FROM `ds`.`my table` AS t WHERE t.`Updated_At` IS NOT NULL GROUP BY prefix',
    );
  });

  test('read the clock once, in whole milliseconds', () => {
    const { text } = clockQuery(5_000.4);
    expect(text).toContain('TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 5000 MILLISECOND)');
  });

  test('describe a table, also one that must be filtered', () => {
    expect(describeQuery(source).text).toBe('SELECT * FROM `ds`.`my table` AS t');
    expect(describePartitionedQuery(source).text).toBe(
      'SELECT * FROM `ds`.`my table` AS t WHERE t.UPDATED_AT IS NOT NULL',
    );
  });
});
