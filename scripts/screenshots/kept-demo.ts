/** The demo, started for its pictures: everything it starts keeps running until it is disposed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { Session } from '../../client/session.ts';
import { sessionSettings } from '../../client/settings.ts';
import { stopLeftovers } from '../../client/up/stack.ts';
import { readUpFile } from '../../client/up/up-file.ts';
import { BrazeSimulatorClient } from '../../test/braze-simulator/simulator-client.ts';

const DEMO = fileURLToPath(new URL('../../examples/demo/main.ts', import.meta.url));
const PATIENCE_MS = 300_000;
const POLL_MS = 200;

export interface KeptDemo extends AsyncDisposable {
  readonly session: Session;
  /** The namespace in the Temporal UI. */
  readonly ui: string;
  /** Address of the status page. */
  readonly api: string;
  /** Asks until there is an answer. @throws Error where there is none in time, or the demo ended. */
  readonly until: <T>(what: string, ask: () => Promise<T | undefined>) => Promise<T>;
  /** Whether it has run every sync and written what came of it. */
  readonly isOver: () => boolean;
  /** Its tables, for one who may change them. Once it has filled them. */
  readonly warehouse: () => Promise<pg.Client>;
  /** Its simulator. Once it has applied its definitions. */
  readonly braze: () => Promise<BrazeSimulatorClient>;
}

/** @param latencyMs how long the simulator takes for an answer */
export async function startDemo(latencyMs: number): Promise<KeptDemo> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'cdi-screenshots-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const home = join(folder, 'demo');
  const result = join(folder, 'result.json');
  const demo = spawn(
    process.execPath,
    [DEMO, '--keep', '--latency', String(latencyMs), '--home', home, '--json', result],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  const ended = once(demo, 'exit');
  cleanup.defer(async () => {
    demo.kill();
    await ended;
    await stopLeftovers(home, () => undefined);
  });

  const until: KeptDemo['until'] = async (what, ask) => {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const answer = await ask();
      if (answer !== undefined) return answer;
      if (demo.exitCode !== null) throw new Error(`The demo ended while waiting for ${what}.`);
      if (Date.now() > deadline) throw new Error(`Waited too long for ${what}.`);
      await delay(POLL_MS);
    }
  };
  const api = await until('the demo', async () => {
    const up = await readUpFile(home);
    return up?.state === 'ready' ? up.apiUrl : undefined;
  });
  const session = new Session(await sessionSettings({}, home));
  cleanup.defer(() => session.close());

  const kept = cleanup.move();
  return {
    session,
    ui: `${session.settings.temporalUi ?? ''}/namespaces/${session.settings.namespace}`,
    api,
    until,
    isOver: () => existsSync(result),
    warehouse: async () => {
      const url = new URL(session.settings.ledgerUrl);
      url.pathname = '/warehouse';
      const client = new pg.Client({ connectionString: url.href });
      await client.connect();
      kept.defer(() => client.end());
      return client;
    },
    braze: async () => {
      const [workspace] = await session.ledger.definitions.workspaces();
      if (!workspace) throw new Error('The demo has applied no workspace.');
      return new BrazeSimulatorClient(workspace.definition.endpoint);
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
