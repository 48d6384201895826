import { expect, test } from 'vitest';
import { fabric } from '../../../activities/warehouses/fabric/fabric.ts';
import {
  type Query,
  clockQuery,
  countAfterQuery,
  countByHashQuery,
  countQuery,
  countWithoutTimestampQuery,
  describeQuery,
  fullWidth,
  labelText,
  quote,
  readQuery,
  withLabel,
} from '../../../activities/warehouses/fabric/sql.ts';
import type { ReadRange } from '../../../activities/warehouses/warehouse.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import { unsupportedByFabric } from '../../warehouses/fabric/unsupported-by-fabric.ts';

const SOURCE = { schema: 'braze]cdi', table: "users'; drop table u; --" };
const NAME = "[braze]]cdi].[users'; drop table u; --]";
const text = (name: string): Column => ({ name, kind: 'text', type: 'varchar' });
const USERS: SourceColumns = {
  updatedAt: { name: 'UPDATED_AT', kind: 'timestamp', type: 'datetime2' },
  externalId: { name: 'EXTERNAL_ID', kind: 'integer', type: 'bigint' },
  email: text('E]MAIL'),
  payload: text('PAYLOAD'),
};
const ITEMS: SourceColumns = {
  updatedAt: { name: 'updated_at', kind: 'timestamp', type: 'datetime' },
  id: { name: 'id', kind: 'text', type: 'uniqueidentifier' },
  payload: text('payload'),
  deleted: { name: 'deleted', kind: 'boolean', type: 'bit' },
};
const EVERYTHING: ReadRange = { from: null, inclusive: true, to: null };
const HASH =
  "LOWER(CONVERT(varchar(32), HASHBYTES('MD5', CONCAT(CAST('' AS varchar(max)), " +
  "COALESCE(CAST(t.[EXTERNAL_ID] AS varchar(40)), ''), CHAR(31), '', CHAR(31), '', CHAR(31), '', CHAR(31), " +
  "LOWER(COALESCE(t.[E]]MAIL], '')), CHAR(31), '', CHAR(31), ''" +
  ')), 2))';

test.each([
  ['plain', '[plain]'],
  ['a]; drop table b; --', '[a]]; drop table b; --]'],
  [']]', '[]]]]]'],
  ['[a]', '[[a]]]'],
  ['a"b\'c', '[a"b\'c]'],
])('quotes %s', (name, quoted) => expect(quote(name)).toBe(quoted));

test.each(['char', 'nchar'])('takes the blanks of a %s off, which only fill its width', (type) => {
  const columns = { ...USERS, email: { ...text('E]MAIL'), type } };
  const query = readQuery(SOURCE, columns, { ...EVERYTHING, users: ['0a'] }, 10);
  expect(query.text).toContain(', RTRIM(t.[E]]MAIL]) AS c1,');
  expect(query.text).toContain(", LOWER(COALESCE(RTRIM(t.[E]]MAIL]), '')), CHAR(31),");
});

test('reads in the order of the column itself, not of its text', () => {
  const range = { from: 'F', inclusive: true, to: 'T' };
  expect(readQuery(SOURCE, USERS, range, 10)).toEqual({
    text:
      'SELECT TOP (10) CONVERT(varchar(27), t.[UPDATED_AT], 126) AS wm, CAST(t.[EXTERNAL_ID] AS varchar(40)) AS c0, ' +
      `t.[E]]MAIL] AS c1, t.[PAYLOAD] AS c2 FROM ${NAME} AS t ` +
      'WHERE t.[UPDATED_AT] <= CAST(@p1 AS datetime2(6)) AND t.[UPDATED_AT] >= CAST(@p2 AS datetime2(6)) ' +
      'ORDER BY t.[UPDATED_AT]',
    values: ['T', 'F'],
  });
});

test('compares a datetime, and writes it, as the datetime2 that it is when it is compared', () => {
  const { text: sql } = readQuery(
    SOURCE,
    ITEMS,
    { from: 'F', inclusive: false, to: 'T', beforeTo: true },
    Infinity,
  );
  const instant = 'CAST(t.[updated_at] AS datetime2(6))';
  expect(sql).toBe(
    `SELECT CONVERT(varchar(27), ${instant}, 126) AS wm, CAST(t.[id] AS varchar(40)) AS c0, t.[payload] AS c1, t.[deleted] AS c2 ` +
      `FROM ${NAME} AS t WHERE ${instant} < CAST(@p1 AS datetime2(6)) AND ${instant} > CAST(@p2 AS datetime2(6)) ORDER BY ${instant}`,
  );
});

test('leaves rows without a time out where there is no other limit', () => {
  expect(countQuery(SOURCE, USERS, EVERYTHING)).toEqual({
    text: `SELECT COUNT_BIG(*) AS found FROM ${NAME} AS t WHERE t.[UPDATED_AT] IS NOT NULL`,
    values: [],
  });
  expect(countWithoutTimestampQuery(SOURCE, USERS).text).toMatch(/ WHERE t\.\[UPDATED_AT\] IS NULL$/);
});

test('hashes the identifiers as the product does, in the text of UTF-8', () => {
  expect(countByHashQuery(SOURCE, USERS, EVERYTHING, 3).text).toBe(
    `SELECT LEFT(${HASH}, 3) AS prefix, COUNT_BIG(*) AS found FROM ${NAME} AS t ` +
      `WHERE t.[UPDATED_AT] IS NOT NULL GROUP BY LEFT(${HASH}, 3)`,
  );
  expect(countQuery(SOURCE, USERS, { ...EVERYTHING, share: { low: '0a', high: '7f' } }).text).toMatch(
    `AND LEFT(${HASH}, 2) BETWEEN '0a' AND '7f'`,
  );
  expect(countQuery(SOURCE, USERS, { ...EVERYTHING, users: ['ab', 'cd'] }).text).toMatch(
    `AND ${HASH} IN ('ab', 'cd')`,
  );
});

test('writes nothing out as a hash but hex digits', () => {
  const range = { ...EVERYTHING, users: ["ab') OR 1 = 1 --"] };
  expect(() => countQuery(SOURCE, USERS, range)).toThrow(expect.objectContaining({ type: 'internal' }));
});

test('counts deleted items alone', () => {
  expect(countQuery(SOURCE, ITEMS, { ...EVERYTHING, deletedOnly: true }).text).toMatch(
    / AND t\.\[deleted\] = 1$/,
  );
});

test('names the query by a comment and a label, and lets neither be ended', () => {
  expect(withLabel('SELECT 1', 'braze-cdi my-sync 0198c0de')).toBe(
    "/* braze-cdi my-sync 0198c0de */ SELECT 1 OPTION (LABEL = 'braze-cdi my-sync 0198c0de')",
  );
  expect(labelText(`a*/b/*c'd"e\u00fc;`)).toBe('a__b__c_d_e__');
  expect(labelText('x'.repeat(300))).toHaveLength(128);
});

const statements: Readonly<Record<string, Query>> = {
  describe: describeQuery(SOURCE),
  clock: clockQuery(5_000),
  ...Object.fromEntries(
    [USERS, ITEMS].flatMap((columns, index) => [
      [`count after, ${index}`, countAfterQuery(SOURCE, columns, 'T')],
      [`count without timestamp, ${index}`, countWithoutTimestampQuery(SOURCE, columns)],
      [`count by hash, ${index}`, countByHashQuery(SOURCE, columns, EVERYTHING, 2)],
      [`read all, ${index}`, readQuery(SOURCE, columns, EVERYTHING, Infinity)],
      [`read some, ${index}`, readQuery(SOURCE, columns, { from: 'F', inclusive: false, to: 'T' }, 10)],
    ]),
  ),
};
test.each(Object.entries(statements))('Fabric takes the query: %s', (_what, { text: statement }) =>
  expect(
    unsupportedByFabric({ text: withLabel(statement, 'braze-cdi test'), parameters: '@p1 varchar(27)' }),
  ).toEqual([]),
);

test.each([
  ['SELECT CAST(a AS nvarchar(10)) FROM t', 'a type that Fabric lacks'],
  ['SELECT CAST(a AS datetime2) FROM t', 'datetime2 of more than six digits'],
  ['SELECT a FROM t FOR XML PATH', 'FOR XML'],
  ['SELECT 1; SELECT 2', 'several result sets at once'],
])('the guard finds what is wrong with: %s', (statement, what) =>
  expect(unsupportedByFabric({ text: withLabel(statement, 'x'), parameters: '' })).toEqual([what]),
);

test.each([
  ['a parameter of another type', { text: withLabel('SELECT 1', 'x'), parameters: '@p1 nvarchar(27)' }],
  ['a statement without its label', { text: '/* x */ SELECT 1', parameters: '' }],
  ['a statement without its comment', { text: "SELECT 1 OPTION (LABEL = 'x')", parameters: '' }],
])('the guard finds %s', (_what, statement) => expect(unsupportedByFabric(statement)).toHaveLength(1));

test.each([
  ['2026-01-31T12:00:00', '2026-01-31T12:00:00.000000'],
  ['2026-01-31T12:00:00.5', '2026-01-31T12:00:00.500000'],
  ['2026-01-31T12:00:00.123456', '2026-01-31T12:00:00.123456'],
  ['2026-01-31T12:00:00.1234567', '2026-01-31T12:00:00.123456'],
])('%s has the fixed-width form %s', (short, full) => expect(fullWidth(short)).toBe(full));

test.each([
  ['2026-01-31T00:00:00Z', '2026-01-31T00:00:00.000000'],
  ['2026-01-31T12:30:00.5Z', '2026-01-31T12:30:00.500000'],
  ['2026-01-31T12:30:00.123456789Z', '2026-01-31T12:30:00.123456'],
])('writes the time %s as %s', (utc, own) => expect(fabric.instant(utc)).toBe(own));
