/** The way to a cluster that only an SSH host can reach. */
import ssh2 from 'ssh2';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ConnectOptions, SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { claimPort } from '../../../client/embedded/claim-port.ts';
import { type SshKey, makeEd25519Key, makeRsaKey } from '../../../client/keys/ssh-key.ts';
import type { RedshiftCredential } from '../../../model/credentials/redshift.ts';
import { CdiError } from '../../../model/errors.ts';
import type { Secrets } from '../../../store/definitions.ts';
import { type TcpProxy, startTcpProxy } from '../../support/tcp-proxy.ts';
import { EVERYTHING, Scene, readAll } from '../conformance/scene.ts';
import { UNKNOWN_HOST } from '../stand-in.ts';
import type { RedshiftAccount } from './situations.ts';
import { type SshHost, startSshHost } from './ssh-host.ts';
import { type RedshiftStandIn, openRedshift } from './stand-in.ts';

type Ssh = NonNullable<RedshiftCredential['ssh']>;

const USER = 'tunnel';
const PASSPHRASE = 'opens the key';
/** By `cdi credential keygen`, and by another tool in the form of OpenSSH. */
const KEYS = {
  ed25519: makeEd25519Key(),
  rsa: makeRsaKey(PASSPHRASE),
  plainRsa: makeRsaKey(undefined),
  foreign: otherKey(),
};

/** ssh2 drops the leading zeros of a point, so that now and then it makes a key that nobody can read. */
function otherKey(): SshKey {
  const lock = { passphrase: PASSPHRASE, cipher: 'aes256-ctr', rounds: 1 } as const;
  for (;;) {
    const pair = ssh2.utils.generateKeyPairSync('ed25519', lock);
    const isReadable = !(ssh2.utils.parseKey(pair.public) instanceof Error);
    if (isReadable) return { privateKey: pair.private, publicKey: pair.public };
  }
}

let cleanup: AsyncDisposableStack;
let standIn: RedshiftStandIn;
let scene: Scene;
let host: SshHost;
let network: TcpProxy;
let source: SourceTable;
let closedPort: number;

beforeAll(async () => {
  cleanup = new AsyncDisposableStack();
  standIn = cleanup.use(
    await openRedshift({ postgresUrl: inject('postgresUrl'), postgresLog: inject('postgresLog') }),
  );
  scene = cleanup.use(new Scene(standIn));
  closedPort = await claimPort(0, '');
  host = cleanup.use(
    await startSshHost({
      user: USER,
      keys: Object.values(KEYS).map(({ publicKey }) => publicKey),
      ports: [standIn.account.definition.port, closedPort],
    }),
  );
  network = cleanup.use(await startTcpProxy(host.port));
  source = await scene.middle();
});

afterAll(() => cleanup.disposeAsync());

/** The stand-in's account behind the SSH host. */
function behindHost(
  changes: Partial<Ssh> = {},
  secrets: Secrets = {},
  definition: Partial<RedshiftCredential> = {},
): RedshiftAccount {
  const ssh: Ssh = {
    host: 'localhost',
    port: network.port,
    user: USER,
    private_key: '${file:key}',
    host_key: host.fingerprint,
    ...changes,
  };
  return {
    definition: { ...standIn.account.definition, ...definition, ssh },
    secrets: {
      ...standIn.account.secrets,
      'ssh.private_key': KEYS.ed25519.privateKey,
      ...secrets,
    },
  };
}

const open = (options: Partial<ConnectOptions> = {}): ReturnType<Scene['open']> =>
  scene.open(source, 'attributes', options, behindHost());

async function refusal(account: RedshiftAccount, options: Partial<ConnectOptions> = {}): Promise<CdiError> {
  const error: unknown = await scene.connect(options, account).then(
    async (connection) => connection.close(),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CdiError)) throw new Error(`This is no refusal: ${String(error)}`);
  for (const secret of Object.values(account.secrets)) expect(error.message).not.toContain(secret);
  return error;
}

test('rows come through it as they come without it, and nothing stays open', async () => {
  {
    await using table = await open();
    const rows = await readAll(table);
    expect(rows).toHaveLength(scene.middleRows);
    await using direct = await scene.open(source);
    expect(rows).toEqual(await readAll(direct));
    expect(host.clients).toMatchObject([{ channels: 1 }]);
  }
  await expect.poll(() => host.clients).toEqual([]);
  await expect.poll(() => standIn.openSessions?.()).toBe(0);
});

test.each([
  ['RSA, under a passphrase', KEYS.rsa, PASSPHRASE],
  ['RSA, in clear', KEYS.plainRsa, undefined],
  ['in the form of OpenSSH, under a passphrase', KEYS.foreign, PASSPHRASE],
])('the key may be %s', async (_, { privateKey }, passphrase) => {
  const secrets = { 'ssh.private_key': privateKey, ...(passphrase ? { 'ssh.passphrase': passphrase } : {}) };
  await using connection = await scene.connect({}, behindHost({}, secrets));
  expect((await connection.clock(0)).now).toMatch(/^20/);
});

test('a query is cancelled through another channel of the same tunnel', async () => {
  await using table = await open();
  const { connection, columns } = table;
  for await (const group of connection.read(source, columns, EVERYTHING, Infinity)) {
    if (group.length > 0) break;
  }
  expect(host.clients).toMatchObject([{ channels: 2 }]);
  expect(await connection.count(source, columns, EVERYTHING)).toBe(scene.middleRows);
});

describe('what is wrong is told apart', () => {
  test('no SSH host', async () =>
    expect(await refusal(behindHost({ port: closedPort }))).toMatchObject({
      type: 'warehouse_unreachable',
      message: 'No connection to the SSH host (ECONNREFUSED).',
      vendorCode: 'ECONNREFUSED',
    }));

  test('a name that nobody knows', async () =>
    expect(await refusal(behindHost({ host: UNKNOWN_HOST }))).toMatchObject({
      type: 'host_unknown',
      message: 'The name of the SSH host cannot be resolved (ENOTFOUND).',
    }));

  test('another host than the pinned one', async () => {
    const other = `SHA256:${'A'.repeat(43)}`;
    expect(await refusal(behindHost({ host_key: other }))).toMatchObject({
      type: 'tls_failed',
      message:
        'The key of the SSH host is not the one that `ssh.host_key` names: it was changed, or another host answers.',
    });
    // Padding, as some tools print it, is no difference.
    await using connection = await scene.connect({}, behindHost({ host_key: `${host.fingerprint}=` }));
    expect((await connection.clock(0)).now).toMatch(/^20/);
  });

  test('a user or a key that it does not let in', async () => {
    const stranger = makeEd25519Key().privateKey;
    const refused = {
      type: 'credentials_invalid',
      message: 'The SSH host refused the user or the private key.',
    };
    expect(await refusal(behindHost({}, { 'ssh.private_key': stranger }))).toMatchObject(refused);
    expect(await refusal(behindHost({ user: 'nobody' }))).toMatchObject(refused);
  });

  test('a key that cannot be read', async () => {
    const unreadable = {
      type: 'credentials_invalid',
      message: 'The private key of the SSH tunnel cannot be read: it is damaged, or has another passphrase.',
    };
    const locked = { 'ssh.private_key': KEYS.foreign.privateKey };
    const passphrase = { 'ssh.passphrase': 'not the passphrase' };
    expect(await refusal(behindHost({}, locked))).toMatchObject(unreadable);
    expect(await refusal(behindHost({}, { ...locked, ...passphrase }))).toMatchObject(unreadable);
    const lockedRsa = { 'ssh.private_key': KEYS.rsa.privateKey };
    expect(await refusal(behindHost({}, { ...lockedRsa, ...passphrase }))).toMatchObject(unreadable);
    expect(await refusal(behindHost({}, { 'ssh.private_key': 'not a key' }))).toMatchObject(unreadable);
  });

  test('an endpoint that it cannot reach', async () =>
    expect(await refusal(behindHost({}, {}, { port: closedPort }))).toMatchObject({
      type: 'warehouse_unreachable',
      message: 'The SSH host cannot reach the Redshift endpoint (2).',
      vendorCode: 'SSH 2',
    }));

  test('the password of the warehouse', async () =>
    expect(await refusal(behindHost({}, { password: 'not the password' }))).toMatchObject({
      type: 'credentials_invalid',
      vendorCode: '28P01',
    }));
});

describe('a tunnel that breaks', () => {
  test('in the middle of the rows is a lost connection', async () => {
    await using table = await open();
    network.cutAfter(1_000_000);
    await expect(readAll(table)).rejects.toMatchObject({ type: 'warehouse_unreachable' });
  });

  test('is noticed when it falls silent, before the login and in the middle of the rows', async () => {
    const deadlines = { connectMs: 1_000, answerMs: 1_000 };
    const table = await open({ deadlines });
    network.swallow();
    try {
      await expect(readAll(table)).rejects.toMatchObject({ type: 'query_timeout' });
      await table.connection.close();
      expect(await refusal(behindHost(), { deadlines })).toMatchObject({
        type: 'warehouse_unreachable',
        message: 'No connection to the SSH host.',
      });
    } finally {
      network.heal();
    }
    await expect.poll(() => standIn.openSessions?.(), { timeout: 5_000 }).toBe(0);
  });

  test('a cancelled login does not wait for it', async () => {
    const abort = new AbortController();
    network.swallow();
    try {
      setTimeout(() => abort.abort(new Error('cancelled')), 100);
      await expect(scene.connect({ signal: abort.signal }, behindHost())).rejects.toThrow('cancelled');
    } finally {
      network.heal();
    }
  });
});
