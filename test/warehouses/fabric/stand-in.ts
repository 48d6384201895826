/** Fabric is pysqlbridge here, behind a front that logs in as Fabric does, an issuer of tokens, and a network that can be cut. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { makeCertificates } from '../certificates.ts';
import { HOSTILE_NAMES } from '../conformance/names.ts';
import type { StandIn } from '../stand-in.ts';
import { temporaryFolder } from '../temporary-folder.ts';
import { bareRead } from './bare-read.ts';
import { startBridge } from './bridge.ts';
import { type Entra, startEntra } from './entra.ts';
import { type Front, startFront } from './front.ts';
import { type FabricAccount, stage } from './situations.ts';
import { Tables } from './tables.ts';
import { unsupportedByFabric } from './unsupported-by-fabric.ts';

export interface FabricStandIn extends StandIn {
  readonly account: FabricAccount;
  readonly front: Front;
  readonly entra: Entra;
  /** An account of another app; its secret has run out. */
  readonly expired: FabricAccount;
}

const TENANT = 'aaaaaaaa-0000-4000-8000-000000000001';
const APP = { id: 'bbbbbbbb-0000-4000-8000-000000000001', secret: 'the~secret.of-the_app' };
const EXPIRED = { id: 'bbbbbbbb-0000-4000-8000-000000000002', secret: 'the~secret.of-old', isExpired: true };

/** Fabric allows neither a slash nor a backslash in the name of a table or schema. */
const ALLOWED_NAMES = HOSTILE_NAMES.filter((name) => !/[/\\]/.test(name));

export async function openFabric(): Promise<FabricStandIn> {
  await using cleanup = new AsyncDisposableStack();
  const { path: folder } = cleanup.use(await temporaryFolder('fabric'));
  const certificates = makeCertificates();
  const ca = join(folder, 'ca.pem');
  await writeFile(ca, certificates.ca);
  const bridge = cleanup.use(await startBridge(folder));
  const entra = cleanup.use(await startEntra(TENANT, certificates, [APP, EXPIRED]));
  const front = cleanup.use(await startFront({ bridge, entra, certificates }));
  const network = cleanup.use(await startTcpProxy(front.port));
  const tables = new Tables(folder);

  const accountOf = (app: { id: string; secret: string }): FabricAccount => ({
    definition: {
      kind: 'credential',
      name: 'fabric',
      warehouse: 'fabric',
      server: 'localhost',
      port: network.port,
      database: 'analytics',
      tenant_id: TENANT,
      client_id: app.id,
      client_secret: '${env:FABRIC_CLIENT_SECRET}',
      authority: entra.url,
      ca,
    },
    secrets: { client_secret: app.secret },
  });
  const account = accountOf(APP);
  let staged = 0;

  const whole = cleanup.move();
  return {
    warehouse: 'fabric',
    fractionDigits: 6,
    mostRows: 20_000,
    takesWritesWhileRead: true,
    payloadTypes: ['varchar(max)', 'varchar(8000)'],
    allowedNames: { tables: ALLOWED_NAMES, schemas: ALLOWED_NAMES },
    account,
    expired: accountOf(EXPIRED),
    front,
    entra,
    createTable: (spec, rows) => tables.create(spec, rows),
    createLargeTable: (name, rows, payloadBytes) => tables.createLarge(name, rows, payloadBytes),
    addRows: (source, _dataType, rows) => tables.addRows(source, rows),
    createView: (name, over) => tables.createView(name, over),
    stage: (situation) => {
      staged += 1;
      return stage(situation, { account, front, tables, name: `staged_${staged}` });
    },
    network,
    slowDown: async () => {
      const { promise, resolve } = Promise.withResolvers<undefined>();
      front.treatment.hold = promise;
      return async () => {
        front.treatment.hold = undefined;
        resolve(undefined);
      };
    },
    runningQueries: async () => [...front.running].map(({ statement }) => statement.text),
    seenQueries: async () => front.seen.map(({ text }) => text),
    expireToken: async () => entra.expireTokens(),
    openSessions: async () => front.sessions,
    refusedStatements: async () =>
      front.seen.flatMap((statement) =>
        unsupportedByFabric(statement).map((what) => `${what}: ${statement.text}`),
      ),
    bareRead: (source) => {
      // Otherwise it would be pysqlbridge that is measured.
      front.treatment.kept ??= new Map();
      return bareRead(account, source);
    },
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
