/** A ledger is migrated by several at once, and gives up connections that died. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isConnectionError } from '../../../store/connection-error.ts';
import { openLedger } from '../../../store/ledger.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { LedgerScene, newKey } from './ledger-scene.ts';

let scene: LedgerScene;

beforeAll(async () => {
  scene = await LedgerScene.open('ledger_opening');
});

afterAll(async () => scene[Symbol.asyncDispose]());

const OTHER_DATABASE = 'ledger_other';

test('several processes at once apply each of them once, and none of them a second time', async () => {
  await scene.admin.query(`create database ${OTHER_DATABASE}`);
  const keys = newKey('k');
  const ledgers = Array.from({ length: 4 }, () => scene.reopen(keys, OTHER_DATABASE));
  try {
    const applied = await Promise.all(ledgers.map((each) => each.migrate()));
    expect(applied.flat().length).toBeGreaterThan(1);
    expect(new Set(applied.flat()).size).toBe(applied.flat().length);
    expect(await ledgers[0]?.migrate()).toEqual([]);
    expect(await ledgers[3]?.definitions.syncs()).toEqual([]);
  } finally {
    await Promise.all(ledgers.map((each) => each.close()));
    await scene.admin.query(`drop database ${OTHER_DATABASE} with (force)`);
  }
});

test('one that has died without a word is given up, and the next query has another', async () => {
  const target = new URL(scene.installation.environment['CDI_LEDGER_URL'] ?? '');
  await using proxy = await startTcpProxy(Number(target.port));
  target.port = String(proxy.port);
  const apart = openLedger({
    url: target.href,
    keyring: scene.ledger.keyring,
    connections: 1,
    silenceMs: 500,
  });
  try {
    await apart.ping();
    proxy.swallow();
    const [failure] = await Promise.allSettled([apart.ping()]);
    expect(failure.status === 'rejected' && isConnectionError(failure.reason)).toBe(true);
    proxy.heal();
    await apart.ping();
  } finally {
    await apart.close();
  }
});
