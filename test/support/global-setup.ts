/** One PostgreSQL and one Temporal server for all integration tests, in a folder that is removed at the end. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { claimPort, LOCALHOST } from '../../client/embedded/claim-port.ts';
import { startPostgres } from '../../client/embedded/postgres.ts';
import { cacheFolder, temporalCli, type TemporalCli } from '../../client/embedded/temporal-cli.ts';
import { startTemporalServer } from '../../client/embedded/temporal-server.ts';
import { prepareSyncNames } from './own-sync-names.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A superuser of a database that tests share: each makes its own database or schema. */
    postgresUrl: string;
    /** File of the server's log. */
    postgresLog: string;
    /** host:port; each test uses its own names of syncs and queues. */
    temporalAddress: string;
    temporalUiUrl: string;
    temporalCli: TemporalCli;
  }
}

export const SHORT_HISTORIES = { 'limit.historyCount.suggestContinueAsNew': '300' };

/** The data live only as long as the tests. */
const UNSAFE_BUT_QUICK = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

export default async function startServers(project: TestProject): Promise<() => Promise<void>> {
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'cdi-integration-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const cli = await temporalCli({
    path: process.env['TEMPORAL_CLI_PATH'],
    cacheFolder: cacheFolder(process.env),
    say,
  });
  const postgresLog = join(folder, 'postgres.log');
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    port: 0,
    user: 'test',
    password: 'test',
    log: postgresLog,
    settings: UNSAFE_BUT_QUICK,
  });
  cleanup.defer(() => postgres.stop());
  await prepareSyncNames(postgres.url);
  const temporal = await startTemporalServer({
    cli,
    dbFile: join(folder, 'temporal.db'),
    ip: LOCALHOST,
    port: await claimPort(0, ''),
    uiPort: await claimPort(0, ''),
    namespace: 'default',
    // Long runs continue as new every few segments, so that tests of a few seconds see it happen.
    dynamicConfig: SHORT_HISTORIES,
    log: join(folder, 'temporal.log'),
    say,
  });
  cleanup.defer(() => temporal.stop());
  cleanup.defer(whenInterrupted(folder, [postgres.pid, temporal.pid]));

  project.provide('postgresUrl', postgres.url);
  project.provide('postgresLog', postgresLog);
  project.provide('temporalAddress', temporal.address);
  project.provide('temporalUiUrl', temporal.uiUrl);
  project.provide('temporalCli', cli);
  const running = cleanup.move();
  return () => running.disposeAsync();
}

/**
 * Vitest leaves out the teardown when it is interrupted.
 * @returns a function that ends the watch.
 */
function whenInterrupted(folder: string, pids: readonly number[]): () => void {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  const killServers = (): void => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended.
      }
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  const end = (): void => process.exit(130);
  process.once('exit', killServers);
  for (const signal of signals) process.once(signal, end);
  return () => {
    process.off('exit', killServers);
    for (const signal of signals) process.off(signal, end);
  };
}
