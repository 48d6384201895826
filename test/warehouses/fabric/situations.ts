/** What can be wrong with a Fabric, made in the stand-in. */
import { claimPort } from '../../../client/embedded/claim-port.ts';
import { quote } from '../../../activities/warehouses/fabric/sql.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { FabricCredential } from '../../../model/credentials/fabric.ts';
import type { Secrets } from '../../../store/definitions.ts';
import { CANARY, type Situation, type Staged, type StandInRow, UNKNOWN_HOST } from '../stand-in.ts';
import type { Front } from './front.ts';
import type { Statement } from './statement.ts';
import type { Tables } from './tables.ts';
import type { Refusal } from './tds-token.ts';

export interface FabricAccount {
  readonly definition: FabricCredential;
  readonly secrets: Secrets;
}

interface Stage {
  readonly account: FabricAccount;
  readonly front: Front;
  readonly tables: Tables;
  /** Of the table that is made. */
  readonly name: string;
}

const ROWS: readonly StandInRow[] = [
  { updatedAt: '2026-01-01T00:00:00.000000000', externalId: CANARY, payload: `{"name":"${CANARY}"}` },
];

/** Source: "Smoothing and throttling in Fabric Data Warehousing". */
export const BEYOND_LIMITS: Refusal = {
  number: 24_801,
  message:
    "Unable to complete the action because your organization's Fabric compute capacity has exceeded its limits. Try again later",
};

/** How Fabric refuses to show a table. */
export function selectDenied(
  source: SourceTable,
): (app: string, statement: Statement) => Refusal | undefined {
  const name = `${quote(source.schema)}.${quote(source.table)}`;
  const message = `The SELECT permission was denied on the object '${source.table}', database 'analytics', schema '${source.schema}'.`;
  return (_app, { text }) => (text.includes(name) ? { number: 229, message } : undefined);
}

export async function stage(situation: Situation, { account, front, tables, name }: Stage): Promise<Staged> {
  const make = (types: Parameters<Tables['create']>[2] = {}): Promise<SourceTable> =>
    tables.create({ name, dataType: 'attributes' }, ROWS, types);
  const source = await make();
  const staged = { account, source, dataType: 'attributes' } as const;
  const withDefinition = (changes: Partial<FabricCredential>): FabricAccount => ({
    ...account,
    definition: { ...account.definition, ...changes },
  });

  switch (situation) {
    case 'unreachable':
      return {
        ...staged,
        account: withDefinition({ port: await claimPort(0, '') }),
        expected: 'warehouse_unreachable',
      };
    case 'host_unknown':
      return { ...staged, account: withDefinition({ server: UNKNOWN_HOST }), expected: 'host_unknown' };
    case 'tls_untrusted': {
      const { ca: _, ...definition } = account.definition;
      return { ...staged, account: { ...account, definition }, expected: 'tls_failed' };
    }
    case 'wrong_password':
      return {
        ...staged,
        account: { ...account, secrets: { client_secret: 'not the secret' } },
        expected: 'credentials_invalid',
      };
    case 'permission_denied':
      front.treatment.refuse = selectDenied(source);
      return {
        ...staged,
        expected: 'permission_denied',
        end: async () => {
          front.treatment.refuse = undefined;
        },
      };
    case 'table_missing':
      return { ...staged, source: { ...source, table: 'nowhere' }, expected: 'table_missing' };
    case 'column_missing':
      await make({ payload: null });
      return { ...staged, expected: 'column_missing' };
    case 'column_forbidden':
      return { ...staged, dataType: 'user_deletes', expected: 'column_forbidden' };
    case 'column_type':
      await make({ updatedAt: 'varchar(100)' });
      return { ...staged, expected: 'column_type' };
    case 'warehouse_busy':
      front.treatment.login = BEYOND_LIMITS;
      return {
        ...staged,
        expected: 'warehouse_busy',
        end: async () => {
          front.treatment.login = undefined;
        },
      };
  }
}
