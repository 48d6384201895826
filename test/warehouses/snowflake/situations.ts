/** What can be wrong with a Snowflake account, made in the stand-in. */
import { createServer } from 'node:https';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { LOCALHOST, claimPort } from '../../../client/embedded/claim-port.ts';
import type { SnowflakeCredential } from '../../../model/credentials/snowflake.ts';
import { makeCertificates } from '../certificates.ts';
import { CANARY, type Situation, type Staged, type StandInRow, UNKNOWN_HOST } from '../stand-in.ts';
import { PASSPHRASE, type SnowflakeAccount, makeKeyPair } from './account.ts';
import type { FakesnowServer } from './fakesnow-server.ts';

export interface Stage {
  readonly account: SnowflakeAccount;
  readonly server: FakesnowServer;
  /** Makes a table; columns and rights other than those of attributes where they are given. */
  readonly makeTable: (
    rows: readonly StandInRow[],
    changes?: {
      readonly columns?: Readonly<Record<string, string>>;
      readonly privileges?: readonly string[];
    },
  ) => Promise<SourceTable>;
}

const ROWS: readonly StandInRow[] = [
  { updatedAt: '2026-01-01T00:00:00.000000000', externalId: CANARY, payload: `{"name":"${CANARY}"}` },
];

export async function stage(situation: Situation, { account, server, makeTable }: Stage): Promise<Staged> {
  const dataType = 'attributes';
  const withDefinition = (changes: Partial<SnowflakeCredential>): SnowflakeAccount => ({
    ...account,
    definition: { ...account.definition, ...changes },
  });

  switch (situation) {
    case 'unreachable': {
      const url = `http://${LOCALHOST}:${await claimPort(0, '')}`;
      const source = await makeTable(ROWS);
      return { account: withDefinition({ url }), source, dataType, expected: 'warehouse_unreachable' };
    }
    case 'host_unknown': {
      const source = await makeTable(ROWS);
      const unknown = withDefinition({ url: `https://${UNKNOWN_HOST}` });
      return { account: unknown, source, dataType, expected: 'host_unknown' };
    }
    case 'tls_untrusted': {
      const { url, end } = await startUntrusted();
      const source = await makeTable(ROWS);
      return { account: withDefinition({ url }), source, dataType, expected: 'tls_failed', end };
    }
    case 'wrong_password': {
      const { privateKey } = makeKeyPair(PASSPHRASE);
      const stranger = { ...account, secrets: { ...account.secrets, private_key: privateKey } };
      return { account: stranger, source: await makeTable(ROWS), dataType, expected: 'credentials_invalid' };
    }
    case 'permission_denied': {
      // Without any right on a table a role cannot tell it from one that does not exist.
      const source = await makeTable(ROWS, { privileges: ['INSERT'] });
      return { account, source, dataType, expected: 'permission_denied' };
    }
    case 'table_missing': {
      const source = { ...(await makeTable(ROWS)), table: 'NOWHERE' };
      return { account, source, dataType, expected: 'table_missing' };
    }
    case 'column_missing': {
      const columns = { UPDATED_AT: 'TIMESTAMP_NTZ', EXTERNAL_ID: 'VARCHAR' };
      return { account, source: await makeTable(ROWS, { columns }), dataType, expected: 'column_missing' };
    }
    case 'column_forbidden':
      return {
        account,
        source: await makeTable(ROWS),
        dataType: 'user_deletes',
        expected: 'column_forbidden',
      };
    case 'column_type': {
      const columns = { UPDATED_AT: 'VARCHAR', EXTERNAL_ID: 'VARCHAR', PAYLOAD: 'VARCHAR' };
      return { account, source: await makeTable(ROWS, { columns }), dataType, expected: 'column_type' };
    }
    case 'warehouse_busy': {
      const source = await makeTable(ROWS);
      await server.trouble({ warehouse: 'suspended' });
      const end = (): Promise<void> => server.trouble({ warehouse: 'running' });
      return { account, source, dataType, expected: 'warehouse_busy', end };
    }
  }
}

/** A server whose certificate nobody has reason to trust. */
async function startUntrusted(): Promise<{ url: string; end: () => Promise<void> }> {
  const { cert, key } = makeCertificates();
  const server = createServer({ cert, key }, (_, response) => response.end('{}'));
  server.listen(0, LOCALHOST);
  await once(server, 'listening');
  return {
    url: `https://${LOCALHOST}:${(server.address() as AddressInfo).port}`,
    end: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
