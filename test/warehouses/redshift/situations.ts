/** What can be wrong with a Redshift, made in the stand-in. */
import { claimPort } from '../../../client/embedded/claim-port.ts';
import type { RedshiftCredential } from '../../../model/credentials/redshift.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { Secrets } from '../../../store/definitions.ts';
import { CANARY, type Situation, type Staged, type StandInRow, UNKNOWN_HOST } from '../stand-in.ts';
import type { SourceDatabase } from './database.ts';
import { qualified } from './tables.ts';

export interface RedshiftAccount {
  readonly definition: RedshiftCredential;
  readonly secrets: Secrets;
}

interface Stage {
  readonly account: RedshiftAccount;
  readonly database: SourceDatabase;
  /** Makes a table that is as it should be. */
  readonly makeTable: (rows: readonly StandInRow[]) => Promise<SourceTable>;
}

const ROWS: readonly StandInRow[] = [
  { updatedAt: '2026-01-01T00:00:00.000000000', externalId: CANARY, payload: `{"name":"${CANARY}"}` },
];

export async function stage(situation: Situation, { account, database, makeTable }: Stage): Promise<Staged> {
  const source = await makeTable(ROWS);
  const staged = { account, source, dataType: 'attributes' } as const;
  const withDefinition = (changes: Partial<RedshiftCredential>): RedshiftAccount => ({
    ...account,
    definition: { ...account.definition, ...changes },
  });
  const alter = (change: string): Promise<unknown> =>
    database.admin.query(`alter table ${qualified(source)} ${change}`);
  const asUser = async (connections?: number): Promise<RedshiftAccount> => {
    const { user, password } = await database.addUser(connections);
    return { definition: { ...account.definition, user }, secrets: { password } };
  };

  switch (situation) {
    case 'unreachable':
      return {
        ...staged,
        account: withDefinition({ port: await claimPort(0, '') }),
        expected: 'warehouse_unreachable',
      };
    case 'host_unknown':
      return { ...staged, account: withDefinition({ host: UNKNOWN_HOST }), expected: 'host_unknown' };
    case 'tls_untrusted': {
      const { ca: _, ...definition } = account.definition;
      return { ...staged, account: { ...account, definition }, expected: 'tls_failed' };
    }
    case 'wrong_password':
      return {
        ...staged,
        account: { ...account, secrets: { password: 'not the password' } },
        expected: 'credentials_invalid',
      };
    case 'permission_denied':
      return { ...staged, account: await asUser(), expected: 'permission_denied' };
    case 'table_missing':
      return { ...staged, source: { ...source, table: 'nowhere' }, expected: 'table_missing' };
    case 'column_missing':
      await alter('drop column payload');
      return { ...staged, expected: 'column_missing' };
    case 'column_forbidden':
      return { ...staged, dataType: 'user_deletes', expected: 'column_forbidden' };
    case 'column_type':
      await alter('alter column updated_at type varchar(100)');
      return { ...staged, expected: 'column_type' };
    case 'warehouse_busy':
      return { ...staged, account: await asUser(0), expected: 'warehouse_busy' };
  }
}
