/** PostgreSQL, with the ledger and the source in it, is stopped in some way or killed in mid-run, and starts again. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inject } from 'vitest';
import { claimPort } from '../../client/embedded/claim-port.ts';
import { type PostgresOptions, type RunningPostgres, startPostgres } from '../../client/embedded/postgres.ts';
import { faultTest } from './fault-test.ts';

/** Fast shutdown, immediate shutdown, and a crash. */
const ENDS = ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const;
const LONGEST_AWAY_MS = 3_000;

interface Server {
  readonly options: PostgresOptions;
  running: RunningPostgres;
}

const servers = new Map<number, Server>();

faultTest(
  'postgres restarted',
  async (scene, seed) => {
    const server = servers.get(seed);
    if (!server) throw new Error('The scene has no PostgreSQL of its own.');
    await scene.startWorker();
    await scene.start();
    await scene.untilArrived(scene.drawArrivals());
    process.kill(server.running.pid, ENDS[seed % ENDS.length]);
    await server.running.exited;
    await sleep(scene.random.integer(0, LONGEST_AWAY_MS));
    server.running = await startPostgres(server.options);
    await scene.untilSuccess();
    await scene.judge('nothing');
  },
  {
    scene: async (cleanup, seed) => {
      const folder = await mkdtemp(join(tmpdir(), 'cdi-fault-postgres-'));
      cleanup.defer(() => rm(folder, { recursive: true, force: true }));
      const options: PostgresOptions = {
        dataDir: join(folder, 'data'),
        port: await claimPort(0, ''),
        user: 'test',
        password: 'test',
        log: join(folder, 'postgres.log'),
        // The machine does not crash, only the server.
        settings: { fsync: 'off' },
      };
      const server: Server = { options, running: await startPostgres(options) };
      cleanup.defer(() => server.running.stop());
      servers.set(seed, server);
      return { servers: { postgresUrl: server.running.url, temporalAddress: inject('temporalAddress') } };
    },
  },
);
