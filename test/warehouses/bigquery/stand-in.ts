/** BigQuery is bqemulator here, behind a front that does what it lacks, and a network that can be cut. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import type { StandIn, StandInRow, TableSpec } from '../stand-in.ts';
import { bareRead } from './bare-read.ts';
import { type Emulator, startEmulator } from './emulator.ts';
import { type Front, startFront } from './front.ts';
import type { JobRequest } from './job-request.ts';
import { LOCATION } from './jobs.ts';
import { type ServiceAccount, TokenCheck, makeServiceAccount } from './service-account.ts';
import { type BigqueryAccount, stage } from './situations.ts';
import {
  PAYLOAD_TYPES,
  TIMESTAMP_TYPES,
  createLargeTable,
  createTable,
  createView,
  insertRows,
  plainSpec,
} from './tables.ts';

export interface BigqueryStandIn extends StandIn {
  readonly account: BigqueryAccount;
  readonly emulator: Emulator;
  readonly front: Front;
  readonly tokens: TokenCheck;
  /** An account like the stand-in's own, under another key. */
  accountOf(service: ServiceAccount): BigqueryAccount;
}

const PROJECT = 'stand-in';

export async function openBigquery(): Promise<BigqueryStandIn> {
  await using cleanup = new AsyncDisposableStack();
  const emulator = cleanup.use(await startEmulator(PROJECT));
  const tokens = new TokenCheck();
  const front = cleanup.use(await startFront({ emulator, tokens }));
  const network = cleanup.use(await startTcpProxy(front.port));
  const service = makeServiceAccount('braze-cdi', PROJECT);
  tokens.register(service);

  const accountOf = ({ key }: ServiceAccount): BigqueryAccount => ({
    definition: {
      kind: 'credential',
      name: 'bigquery',
      warehouse: 'bigquery',
      project: PROJECT,
      location: LOCATION,
      service_account_key: '${env:SERVICE_ACCOUNT_KEY}',
      api_endpoint: `http://${LOCALHOST}:${network.port}`,
    },
    secrets: { service_account_key: key },
  });
  const account = accountOf(service);
  const make = async (spec: TableSpec, rows: readonly StandInRow[]): Promise<SourceTable> => {
    const source = await createTable(emulator, spec);
    await insertRows(emulator, source, spec, rows);
    return source;
  };
  let staged = 0;

  const whole = cleanup.move();
  return {
    warehouse: 'bigquery',
    fractionDigits: 6,
    mostRows: 100_000,
    takesWritesWhileRead: true,
    payloadTypes: PAYLOAD_TYPES,
    timestampTypes: TIMESTAMP_TYPES,
    allowedNames: { tables: ['Mixed Case', 'select', 'ünïcødé_表'], schemas: ['select'] },
    account,
    accountOf,
    emulator,
    front,
    tokens,
    createTable: make,
    createLargeTable: (name, rows, payloadBytes) => createLargeTable(emulator, name, rows, payloadBytes),
    addRows: (source, dataType, rows) => insertRows(emulator, source, plainSpec(dataType), rows),
    createView: (name, over) => createView(emulator, name, over),
    stage: (situation) =>
      stage(situation, {
        account,
        emulator,
        front,
        tokens,
        makeTable: (rows) => make({ name: `staged_${++staged}`, dataType: 'attributes' }, rows),
      }),
    network,
    slowDown: async () => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      front.jobs.gate = promise;
      return async () => {
        front.jobs.gate = undefined;
        resolve(undefined);
      };
    },
    runningQueries: async () =>
      front.jobs.all.filter(({ endedAt }) => endedAt === undefined).map(({ request }) => described(request)),
    seenQueries: async () => front.seen.map(described),
    expireToken: async () => {
      // Whatever was signed until now was signed in an earlier second then.
      await sleep(1_001);
      tokens.expireAll();
    },
    refusedStatements: async () => front.refused,
    bareRead: (source) => bareRead(account, source),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

const described = ({ configuration }: JobRequest): string =>
  `${JSON.stringify(configuration.labels)} ${configuration.query.query}`;
