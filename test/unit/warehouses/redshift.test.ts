import { describe, expect, test } from 'vitest';
import { classifyRedshift } from '../../../activities/warehouses/redshift/errors.ts';
import { labelComment } from '../../../activities/warehouses/redshift/label.ts';
import { classifyTunnel } from '../../../activities/warehouses/redshift/tunnel-errors.ts';
import { redshift } from '../../../activities/warehouses/redshift/redshift.ts';
import { quote, readQuery } from '../../../activities/warehouses/redshift/sql.ts';
import { CdiError } from '../../../model/errors.ts';
import type { SourceColumns } from '../../../model/source-columns.ts';

const columns: SourceColumns = {
  updatedAt: { name: 'Updated_At', kind: 'timestamp', type: 'timestamptz' },
  externalId: { name: 'external_id', kind: 'integer', type: 'bigint' },
  payload: { name: 'payload', kind: 'json', type: 'super' },
};

describe('SQL', () => {
  test('quotes hostile names', () => {
    expect(quote('a"; drop table b; --')).toBe('"a""; drop table b; --"');
  });

  test('orders by the column itself, not by its text', () => {
    const { text, values } = readQuery(
      { schema: 's', table: 't' },
      columns,
      { from: 'F', inclusive: true, to: 'T' },
      10,
    );
    expect(text).toContain(`to_char(t."Updated_At" at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') as wm`);
    expect(text).toMatch(/order by t\."Updated_At" limit 10$/);
    expect(text).toContain(`t."Updated_At" >= $2::timestamp at time zone 'UTC'`);
    expect(text).toContain(
      ', case when t."payload" is not null and json_size(t."payload") <= 65535 then json_serialize(t."payload") end as c7,',
    );
    expect(text).toContain(
      ', case when json_size(t."payload") > 65535 then json_serialize_to_varbyte(t."payload") end as large from',
    );
    expect(text).toContain('t."external_id"::varchar(64)');
    expect(values).toEqual(['T', 'F']);
  });

  test('takes the blanks of a CHAR off, which only fill its width', () => {
    const { text } = readQuery(
      { schema: 's', table: 't' },
      { ...columns, externalId: { name: 'external_id', kind: 'text', type: 'char' } },
      { from: null, inclusive: true, to: 'T', users: ['0a'] },
      10,
    );
    expect(text).toContain('rtrim(t."external_id") as c0,');
    expect(text).toContain(`md5(coalesce(rtrim(t."external_id")::varchar, '')`);
  });

  test.each([
    [
      'braze-cdi users 0198c0de-1abe-7000-8000-00000000c0de',
      'braze-cdi users 0198c0de-1abe-7000-8000-00000000c0de',
    ],
    ['a*/ drop table b /* $1 "\'\n', 'a__ drop table b __ _1 ___'],
  ])('begins with the label %s as a comment', (label, shown) =>
    expect(labelComment(label)).toBe(`/* ${shown} */ `),
  );

  test('begins at the beginning without a lower bound, and after an instant with >', () => {
    expect(
      readQuery({ schema: 's', table: 't' }, columns, { from: null, inclusive: true, to: 'T' }, 10).values,
    ).toEqual(['T']);
    expect(
      readQuery({ schema: 's', table: 't' }, columns, { from: 'F', inclusive: false, to: 'T' }, 10).text,
    ).toContain('" > $2');
  });

  test('reads a timestamp without zone as UTC', () => {
    const plain = {
      ...columns,
      updatedAt: { name: 'u', kind: 'timestamp', type: 'timestamp' },
    } satisfies SourceColumns;
    const { text } = readQuery(
      { schema: 's', table: 't' },
      plain,
      { from: null, inclusive: true, to: 'T' },
      1,
    );
    expect(text).toContain(`to_char(t."u", `);
    expect(text).not.toContain('time zone');
  });

  test.each([
    ['2026-01-31T00:00:00Z', '2026-01-31 00:00:00.000000'],
    ['2026-01-31T12:30:00.5Z', '2026-01-31 12:30:00.500000'],
    ['2026-01-31T12:30:00.123456789Z', '2026-01-31 12:30:00.123456'],
  ])('writes the time %s as %s', (utc, own) => expect(redshift.instant(utc)).toBe(own));
});

describe('errors', () => {
  const error = (code: string | undefined, message = 'secret value') =>
    Object.assign(new Error(message), code === undefined ? {} : { code });

  test.each([
    ['28P01', 'credentials_invalid'],
    ['3D000', 'credentials_invalid'],
    ['42P01', 'table_missing'],
    ['3F000', 'table_missing'],
    ['42703', 'column_missing'],
    ['42501', 'permission_denied'],
    ['57014', 'query_timeout'],
    ['57P01', 'warehouse_unreachable'],
    ['57P03', 'warehouse_busy'],
    ['40001', 'warehouse_busy'],
    ['XX000', 'query_refused'],
    ['53300', 'warehouse_busy'],
    ['ENOTFOUND', 'host_unknown'],
    ['ECONNREFUSED', 'warehouse_unreachable'],
    ['ECONNRESET', 'warehouse_unreachable'],
    ['22P02', 'query_refused'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls_failed'],
  ])('%s is %s', (code, type) => {
    const classified = classifyRedshift(error(code));
    expect(classified).toBeInstanceOf(CdiError);
    expect(classified).toMatchObject({ type, vendorCode: code });
    expect(classified.message).not.toContain('secret');
  });

  test.each([
    ['The server does not support SSL connections', 'tls_failed'],
    ['Connection terminated unexpectedly', 'warehouse_unreachable'],
    ['timeout expired', 'warehouse_unreachable'],
  ])('"%s" is %s', (message, type) =>
    expect(classifyRedshift(error(undefined, message))).toMatchObject({ type }),
  );

  test.each([
    'Invalid snapshot identifier 8',
    'could not open relation with OID 1234',
    'table 1234 dropped by concurrent transaction',
    '1023 DETAIL: Serializable isolation violation on table - 1234',
  ])('"%s" passes, whatever its code', (message) =>
    expect(classifyRedshift(error('XX000', message))).toMatchObject({
      type: 'warehouse_busy',
      message: 'Redshift could not finish the query beside a change of the cluster or of the table (XX000).',
      vendorCode: 'XX000',
    }),
  );

  test('what it does not know passes through, to be internal', () => {
    const strange = error(undefined, 'x');
    expect(classifyRedshift(strange)).toBe(strange);
  });
});

describe('errors of the tunnel', () => {
  test.each([
    [{ reason: 1 }, 'does not allow a tunnel to the Redshift endpoint (1)', 'SSH 1'],
    [{ reason: 2 }, 'cannot reach the Redshift endpoint (2)', 'SSH 2'],
    [{ level: 'client-timeout' }, 'No connection to the SSH host.', undefined],
    [
      { level: 'client-socket', code: 'EHOSTUNREACH' },
      'No connection to the SSH host (EHOSTUNREACH)',
      'EHOSTUNREACH',
    ],
  ])('%o is a warehouse out of reach', (properties, words, vendorCode) => {
    const classified = classifyTunnel(Object.assign(new Error('secret value'), properties));
    expect(classified).toMatchObject({ type: 'warehouse_unreachable', vendorCode });
    expect(classified.message).toContain(words);
    expect(classified.message).not.toContain('secret');
  });
});
