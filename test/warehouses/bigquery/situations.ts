/** What can be wrong with a BigQuery, made in the stand-in. */
import { LOCALHOST, claimPort } from '../../../client/embedded/claim-port.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import type { BigqueryCredential } from '../../../model/credentials/bigquery.ts';
import type { Secrets } from '../../../store/definitions.ts';
import { makeCertificates } from '../certificates.ts';
import { CANARY, type Situation, type Staged, type StandInRow, UNKNOWN_HOST } from '../stand-in.ts';
import type { Emulator } from './emulator.ts';
import { type Front, startFront } from './front.ts';
import { GoogleError } from './google-error.ts';
import { type TokenCheck, makeServiceAccount } from './service-account.ts';
import { qualified } from './tables.ts';

export interface BigqueryAccount {
  readonly definition: BigqueryCredential;
  readonly secrets: Secrets;
}

interface Stage {
  readonly account: BigqueryAccount;
  readonly emulator: Emulator;
  readonly front: Front;
  readonly tokens: TokenCheck;
  /** Makes a table that is as it should be. */
  readonly makeTable: (rows: readonly StandInRow[]) => Promise<SourceTable>;
}

const ROWS: readonly StandInRow[] = [
  { updatedAt: '2026-01-01T00:00:00.000000000', externalId: CANARY, payload: `{"name":"${CANARY}"}` },
];

export async function stage(situation: Situation, stand: Stage): Promise<Staged> {
  const { account, emulator, front, tokens, makeTable } = stand;
  const source = await makeTable(ROWS);
  const staged = { account, source, dataType: 'attributes' } as const;
  const at = (endpoint: string): BigqueryAccount => ({
    ...account,
    definition: { ...account.definition, api_endpoint: endpoint },
  });

  switch (situation) {
    case 'unreachable':
      return {
        ...staged,
        account: at(`http://${LOCALHOST}:${await claimPort(0, '')}`),
        expected: 'warehouse_unreachable',
      };
    case 'host_unknown':
      return { ...staged, account: at(`http://${UNKNOWN_HOST}`), expected: 'host_unknown' };
    case 'tls_untrusted': {
      const secured = await startFront({ emulator, tokens, tls: makeCertificates() });
      return {
        ...staged,
        account: at(`https://localhost:${secured.port}`),
        expected: 'tls_failed',
        end: async () => secured[Symbol.asyncDispose](),
      };
    }
    case 'wrong_password': {
      const registered = JSON.parse(account.secrets['service_account_key'] ?? '') as object;
      const { private_key } = JSON.parse(makeServiceAccount('other', emulator.project).key) as object & {
        private_key: string;
      };
      const key = JSON.stringify({ ...registered, private_key });
      return {
        ...staged,
        account: { ...account, secrets: { service_account_key: key } },
        expected: 'credentials_invalid',
      };
    }
    case 'permission_denied':
      front.jobs.denied.add(`${source.schema}.${source.table}`);
      return { ...staged, expected: 'permission_denied' };
    case 'table_missing':
      return { ...staged, source: { ...source, table: 'nowhere' }, expected: 'table_missing' };
    case 'column_missing':
      await emulator.run(`ALTER TABLE ${qualified(source)} DROP COLUMN payload`);
      return { ...staged, expected: 'column_missing' };
    case 'column_forbidden':
      return { ...staged, dataType: 'user_deletes', expected: 'column_forbidden' };
    case 'column_type': {
      const other = { ...source, table: `${source.table}_typed` };
      await emulator.run(
        `CREATE TABLE ${qualified(other)} (updated_at STRING, external_id STRING, payload STRING)`,
      );
      return { ...staged, source: other, expected: 'column_type' };
    }
    case 'warehouse_busy':
      front.fault = ({ method }) =>
        method === 'POST'
          ? new GoogleError(
              'rateLimitExceeded',
              'Exceeded rate limits: too many api requests per user per method.',
            )
          : undefined;
      return {
        ...staged,
        expected: 'warehouse_busy',
        end: async () => {
          front.fault = undefined;
        },
      };
  }
}
