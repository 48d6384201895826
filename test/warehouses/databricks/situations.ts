/** What can be wrong with Databricks, made in the stand-in. */
import { claimPort } from '../../../client/embedded/claim-port.ts';
import type { DatabricksCredential } from '../../../model/credentials/databricks.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { Secrets } from '../../../store/definitions.ts';
import { CANARY, type Situation, type Staged, type StandInRow, UNKNOWN_HOST } from '../stand-in.ts';
import type { SqlWarehouse } from './sql-warehouse.ts';
import { type TableColumn, columnsOf, qualified } from './tables.ts';

export interface DatabricksAccount {
  readonly definition: DatabricksCredential;
  readonly secrets: Secrets;
}

interface Stage {
  readonly account: DatabricksAccount;
  readonly warehouse: SqlWarehouse;
  /** Makes a table for attributes, with other columns than it should have. */
  readonly makeTable: (columns: readonly TableColumn[], rows: readonly StandInRow[]) => Promise<SourceTable>;
}

const ROWS: readonly StandInRow[] = [
  { updatedAt: '2026-01-01T00:00:00.000000000', externalId: CANARY, payload: `{"name":"${CANARY}"}` },
];
const COLUMNS = columnsOf({ dataType: 'attributes' });

export async function stage(situation: Situation, { account, warehouse, makeTable }: Stage): Promise<Staged> {
  const withDefinition = (changes: Partial<DatabricksCredential>): DatabricksAccount => ({
    ...account,
    definition: { ...account.definition, ...changes },
  });
  const staged = async (columns: readonly TableColumn[] = COLUMNS) => ({
    account,
    source: await makeTable(columns, ROWS),
    dataType: 'attributes' as const,
  });

  switch (situation) {
    case 'unreachable':
      return {
        ...(await staged()),
        account: withDefinition({ port: await claimPort(0, '') }),
        expected: 'warehouse_unreachable',
      };
    case 'host_unknown':
      return {
        ...(await staged()),
        account: withDefinition({ host: UNKNOWN_HOST }),
        expected: 'host_unknown',
      };
    case 'tls_untrusted': {
      const { ca: _, ...definition } = account.definition;
      return { ...(await staged()), account: { ...account, definition }, expected: 'tls_failed' };
    }
    case 'wrong_password':
      return {
        ...(await staged()),
        account: { ...account, secrets: { client_secret: 'not-the-secret' } },
        expected: 'credentials_invalid',
      };
    case 'permission_denied': {
      const denied = await staged();
      warehouse.denied.add(qualified(denied.source));
      return { ...denied, expected: 'permission_denied' };
    }
    case 'table_missing': {
      const { source, ...rest } = await staged();
      return { ...rest, source: { ...source, table: 'nowhere' }, expected: 'table_missing' };
    }
    case 'column_missing':
      return {
        ...(await staged(COLUMNS.filter(({ role }) => role !== 'payload'))),
        expected: 'column_missing',
      };
    case 'column_forbidden':
      return { ...(await staged()), dataType: 'user_deletes', expected: 'column_forbidden' };
    case 'column_type': {
      const asText = COLUMNS.map((column) => ({ ...column, type: 'STRING' }));
      return { ...(await staged(asText)), expected: 'column_type' };
    }
    case 'warehouse_busy': {
      const busy = await staged();
      warehouse.state = 'exhausted';
      return {
        ...busy,
        expected: 'warehouse_busy',
        end: async () => {
          warehouse.state = 'running';
        },
      };
    }
  }
}
