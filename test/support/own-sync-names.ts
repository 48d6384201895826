/**
 * A run's workflow id is made of its sync's name alone, and all test files share one namespace of Temporal: two files with
 * a sync of one name fail now and then, where they happen to run it at the same time. Here they fail always.
 */
import { expect } from 'vitest';
import { queryOnce } from './query-once.ts';

/** @param adminUrl the PostgreSQL that test files share */
export async function prepareSyncNames(adminUrl: string): Promise<void> {
  await queryOnce(adminUrl, 'create table sync_names (name text primary key, file text not null)');
}

/** @throws Error where a sync of this ledger has the name of one of another test file */
export async function expectOwnSyncNames(adminUrl: string, ledgerUrl: string): Promise<void> {
  const file = expect.getState().testPath ?? '';
  const names = (await queryOnce(ledgerUrl, 'select name from syncs')).map(({ name }) => name);
  await queryOnce(adminUrl, 'insert into sync_names select unnest($1::text[]), $2 on conflict do nothing', [
    names,
    file,
  ]);
  const taken = await queryOnce(adminUrl, 'select * from sync_names where name = any($1) and file <> $2', [
    names,
    file,
  ]);
  if (taken.length > 0)
    throw new Error(
      `Give these syncs other names: ${taken.map((other) => `${other['name']} (also of ${other['file']})`).join(', ')}.`,
    );
}
