/** The connection to the source is reset in the middle of the stream, again and again, at random bytes. */
import { expect, inject } from 'vitest';
import { type TcpProxy, startTcpProxy } from '../support/tcp-proxy.ts';
import { faultTest } from './fault-test.ts';

/** A row takes at least this many bytes on the wire. */
const ROW_BYTES = 60;

const proxies = new Map<number, TcpProxy>();

faultTest(
  'source cut',
  async (scene, seed) => {
    const proxy = proxies.get(seed);
    if (!proxy) throw new Error('The scene has no proxy.');
    await scene.startWorker();
    const cuts = scene.random.integer(1, 3);
    const share = (scene.rows * ROW_BYTES) / (cuts + 1);
    proxy.cutAfter(scene.random.integer(0, share));
    await scene.start();
    for (let cut = 1; cut <= cuts; cut += 1) {
      await expect.poll(() => proxy.cuts, { timeout: 60_000, interval: 5 }).toBeGreaterThanOrEqual(cut);
      if (cut < cuts) proxy.cutAfter(scene.random.integer(0, share));
    }
    await scene.untilSuccess();
    await scene.judge('nothing');
  },
  {
    scene: async (cleanup, seed) => {
      const proxy = cleanup.use(await startTcpProxy(Number(new URL(inject('postgresUrl')).port)));
      proxies.set(seed, proxy);
      return { sourcePort: proxy.port };
    },
  },
);
