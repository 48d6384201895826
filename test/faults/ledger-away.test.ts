/** The ledger is out of reach for a while: connections are refused, or nothing passes and nobody is told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { type TcpProxy, startTcpProxy } from '../support/tcp-proxy.ts';
import { FAULT_SIZE } from './fault-size.ts';
import { faultTest } from './fault-test.ts';

const proxies = new Map<number, TcpProxy>();

faultTest(
  'ledger away',
  async (scene, seed) => {
    const proxy = proxies.get(seed);
    if (!proxy) throw new Error('The scene has no proxy.');
    await scene.startWorker();
    await scene.start();
    await scene.untilArrived(scene.drawArrivals());
    if (seed % 2 === 0) proxy.swallow();
    else proxy.refuse();
    await sleep(FAULT_SIZE.ledgerAwayMs);
    proxy.heal();
    await scene.untilSuccess();
    await scene.judge('nothing');
  },
  {
    scene: async (cleanup, seed) => {
      const proxy = cleanup.use(await startTcpProxy(Number(new URL(inject('postgresUrl')).port)));
      proxies.set(seed, proxy);
      return { ledgerPort: proxy.port };
    },
  },
);
