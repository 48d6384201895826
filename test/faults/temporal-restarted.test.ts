/** The Temporal server is restarted, or killed with -9, in mid-run, and starts again on the same database file. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { claimPort, LOCALHOST } from '../../client/embedded/claim-port.ts';
import {
  type RunningTemporalServer,
  type TemporalServerOptions,
  startTemporalServer,
} from '../../client/embedded/temporal-server.ts';
import { faultTest } from './fault-test.ts';

const LONGEST_AWAY_MS = 3_000;

interface Server {
  readonly options: TemporalServerOptions;
  running: RunningTemporalServer;
}

const servers = new Map<string, Server>();

for (const [fault, signal] of [
  ['temporal restarted', 'SIGTERM'],
  ['temporal killed', 'SIGKILL'],
] as const) {
  faultTest(
    fault,
    async (scene, seed) => {
      const server = servers.get(`${fault} ${seed}`);
      if (!server) throw new Error('The scene has no Temporal server of its own.');
      await scene.startWorker();
      await scene.start();
      await scene.untilArrived(scene.drawArrivals());
      process.kill(server.running.pid, signal);
      await server.running.exited;
      await sleep(scene.random.integer(0, LONGEST_AWAY_MS));
      server.running = await startTemporalServer(server.options);
      await scene.untilSuccess();
      await scene.judge('unconfirmed');
    },
    {
      scene: async (cleanup, seed) => {
        const folder = await mkdtemp(join(tmpdir(), 'cdi-fault-temporal-'));
        cleanup.defer(() => rm(folder, { recursive: true, force: true }));
        const options: TemporalServerOptions = {
          cli: inject('temporalCli'),
          dbFile: join(folder, 'temporal.db'),
          ip: LOCALHOST,
          port: await claimPort(0, ''),
          uiPort: await claimPort(0, ''),
          namespace: 'default',
          log: join(folder, 'temporal.log'),
          say: () => undefined,
        };
        const server: Server = { options, running: await startTemporalServer(options) };
        cleanup.defer(() => server.running.stop());
        servers.set(`${fault} ${seed}`, server);
        return {
          servers: { postgresUrl: inject('postgresUrl'), temporalAddress: server.running.address },
        };
      },
    },
  );
}
