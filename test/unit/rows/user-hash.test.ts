import { describe, expect, test } from 'vitest';
import { hashedTexts, userHash } from '../../../activities/rows/user-hash.ts';
import { identify } from '../../../model/rules/identifiers.ts';
import type { SourceRow } from '../../../model/row.ts';
import type { Column, SourceColumns } from '../../../model/source-columns.ts';
import { sourceRow } from '../source-row.ts';

const row = (identifiers: Partial<SourceRow>): SourceRow =>
  sourceRow({ updatedAt: '2026-01-01 00:00:00.000000', externalId: null, payload: '{}', ...identifiers });

describe('rows of one user have one hash', () => {
  test.each<[string, Partial<SourceRow>, Partial<SourceRow>]>([
    ['the case of an address', { email: 'A@x.com' }, { email: 'a@X.com' }],
    ['a phone number beside it', { email: 'a@x.com' }, { email: 'A@x.com', phone: '+491' }],
    ['an address that is empty', { email: '', phone: '+491' }, { phone: '+491' }],
  ])('whatever %s', (_name, one, other) => {
    const [a, b] = [identify(row(one)), identify(row(other))];
    expect(a).toMatchObject({ outcome: 'identifier' });
    expect('identity' in a && 'identity' in b && a.identity === b.identity).toBe(true);
    expect(userHash(row(one))).toBe(userHash(row(other)));
  });

  test.each<[Partial<SourceRow>, Partial<SourceRow>]>([
    [{ email: 'a@x.com' }, { email: 'b@x.com' }],
    [{ phone: '+491' }, { phone: '+492' }],
    [{ phone: 'a' }, { email: 'a' }],
    [{ externalId: 'A' }, { externalId: 'a' }],
    [{ externalId: 'a' }, { brazeId: 'a' }],
  ])('and two users have two', (one, other) => expect(userHash(row(one))).not.toBe(userHash(row(other))));
});

test('SQL says the same, of the columns that there are', () => {
  const column = (name: string): Column => ({ name, kind: 'text', type: 'text' });
  const updatedAt: Column = { name: 'at', kind: 'timestamp', type: 'timestamp' };
  const texts = (columns: Partial<SourceColumns>): string[] =>
    hashedTexts({ updatedAt, ...columns }, ({ name }) => `text(${name})`);
  expect(texts({ externalId: column('x'), email: column('e'), phone: column('p') })).toEqual([
    'text(x)',
    "''",
    "''",
    "''",
    'LOWER(text(e))',
    "CASE WHEN '' = text(e) THEN text(p) ELSE '' END",
    "''",
  ]);
  expect(texts({ phone: column('p') }).at(5)).toBe('text(p)');
});
