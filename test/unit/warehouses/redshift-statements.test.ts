import { expect, test } from 'vitest';
import {
  type Query,
  clockQuery,
  countAfterQuery,
  countWithoutTimestampQuery,
  describeQuery,
  readQuery,
} from '../../../activities/warehouses/redshift/sql.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import { unsupportedByRedshift } from '../../support/redshift-statements.ts';

const source = { schema: 'we"ird; returning', table: 'fetch (a, b) = (c, d)' };
const text = (name: string): Column => ({ name, kind: 'text', type: 'varchar' });
const columns: readonly SourceColumns[] = [
  {
    updatedAt: { name: 'updated_at', kind: 'timestamp', type: 'timestamptz' },
    externalId: text('external_id'),
    aliasName: text('alias_name'),
    aliasLabel: text('alias_label'),
    brazeId: text('braze_id'),
    email: text('email'),
    phone: text('phone'),
    payload: { name: 'payload', kind: 'json', type: 'super' },
  },
  {
    updatedAt: { name: 'updated_at', kind: 'timestamp', type: 'timestamp' },
    id: { name: 'id', kind: 'integer', type: 'bigint' },
    payload: text('payload'),
    deleted: { name: 'deleted', kind: 'boolean', type: 'boolean' },
  },
];

const QUERIES: Readonly<Record<string, Query>> = {
  describe: describeQuery(source),
  clock: clockQuery(5_000),
  ...Object.fromEntries(
    columns.flatMap((each, index) => [
      [`count after, ${index}`, countAfterQuery(source, each, 'T')],
      [`count without timestamp, ${index}`, countWithoutTimestampQuery(source, each)],
      [`read all, ${index}`, readQuery(source, each, { from: null, inclusive: true, to: 'T' }, Infinity)],
      [`read after, ${index}`, readQuery(source, each, { from: 'F', inclusive: false, to: 'T' }, 10)],
    ]),
  ),
};

test.each(Object.entries(QUERIES))('Redshift takes the query: %s', (_what, { text: statement }) =>
  expect(unsupportedByRedshift(statement)).toEqual([]),
);

test.each([
  ['declare c cursor for select 1', 'a cursor'],
  ['fetch from <unnamed>', 'a cursor'],
  ['copy t to stdout', 'COPY TO'],
  ['insert into t values (1) on conflict do nothing', 'ON CONFLICT'],
  ['select count(*) filter (where a) from t', 'FILTER'],
  ['select * from t, lateral (select 1) l', 'LATERAL'],
  ['select distinct on (a) a from t', 'DISTINCT ON'],
  ['delete from t returning a', 'RETURNING'],
  ['select json_build_object() from t', 'a JSON function'],
  ['select * from t where (a, b) > (1, 2)', 'a comparison of row values'],
  ['select * from t where row(a) = row(b)', 'a comparison of row values'],
])('the guard finds what is wrong with: %s', (statement, what) =>
  expect(unsupportedByRedshift(statement)).toEqual([what]),
);
