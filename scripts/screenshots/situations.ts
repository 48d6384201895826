/** What an operator meets: each situation starts a run on the kept demo, and waits until it stands as described. */
import type pg from 'pg';
import { startRun } from '../../client/commands/run.ts';
import { runWorkflowId } from '../../model/names.ts';
import type { RunRecord } from '../../store/runs.ts';
import type { BrazeSimulatorClient } from '../../test/braze-simulator/simulator-client.ts';
import type { KeptDemo } from './kept-demo.ts';

export interface Scene {
  readonly demo: KeptDemo;
  readonly warehouse: pg.Client;
  readonly braze: BrazeSimulatorClient;
}

/** A run in its situation. */
export interface Situation {
  readonly sync: string;
  readonly run: string;
}

/** A little more than the first segment takes. */
const REQUESTS_BEFORE = 300;
const DEMO_KEY = 'sim-key';
/** Beyond the default of `max_deletes_per_run`. */
const DELETES = 12_000;
/** What is sent before a cancellation is asked for. */
const SENT_BEFORE = 500;

/** Some of the rows were rejected: the demo's own first run, with its flawed rows. */
export async function partial({ demo }: Scene): Promise<Situation> {
  const sync = 'users-attributes';
  const runs = await demo.session.ledger.runs.ofSync(sync, 10);
  const run = runs.find(({ status }) => status === 'partial');
  if (!run) throw new Error(`No run of ${sync} is partial.`);
  return { sync, run: run.id };
}

/** Somebody cancelled it while it was sending. */
export async function cancelled(scene: Scene): Promise<Situation> {
  const sync = 'app-events';
  await renew(scene, 'app_events', 50_000);
  const run = await start(scene, sync);
  await met(scene, run, 'rows sent', ({ counts }) => counts.sent >= SENT_BEFORE);
  const client = await scene.demo.session.temporal();
  await client.workflow.getHandle(runWorkflowId(sync), run).cancel();
  return closed(scene, { sync, run });
}

/** Braze refuses the API key. The key is good again afterwards. */
export async function refused(scene: Scene): Promise<Situation> {
  const sync = 'shop-purchases';
  await renew(scene, 'shop_purchases', 2_000);
  await scene.braze.setKeys([{ key: DEMO_KEY, revoked: true }]);
  const run = await start(scene, sync);
  await closed(scene, { sync, run });
  await scene.braze.setKeys([{ key: DEMO_KEY }]);
  return { sync, run };
}

/** It would delete more users than its guard allows. */
export async function held(scene: Scene): Promise<Situation> {
  const sync = 'user-deletes';
  await scene.warehouse.query(
    `insert into cdi.user_deletes (updated_at, external_id)
     select now() - interval '1 minute', 'gone-' || n from generate_series(1, ${DELETES}) n`,
  );
  const run = await start(scene, sync);
  await met(scene, run, 'the held run', ({ status }) => status === 'held');
  return { sync, run };
}

/** Braze answers with 503 for longer than an attempt of the upload is patient. It goes on doing so. */
export async function retried(scene: Scene): Promise<Situation> {
  const sync = 'users-attributes';
  await renew(scene, 'users_attributes', 30_000);
  await scene.braze.setLatency({ ms: 50 });
  await scene.braze.setScript([
    { match: { afterRequests: REQUESTS_BEFORE }, action: { type: '5xx_before', status: 503 } },
  ]);
  const run = await start(scene, sync);
  const client = await scene.demo.session.temporal();
  const handle = client.workflow.getHandle(runWorkflowId(sync), run);
  await scene.demo.until('a step that is tried again', async () => {
    const { raw } = await handle.describe();
    return raw.pendingActivities?.some(
      ({ attempt, heartbeatDetails }) => (attempt ?? 0) > 1 && heartbeatDetails,
    )
      ? true
      : undefined;
  });
  return { sync, run };
}

/** Gives so many rows of a table new times, a millisecond apart: the next run finds them. */
async function renew({ warehouse }: Scene, table: string, rows: number): Promise<void> {
  await warehouse.query(
    `update cdi.${table} renewed set updated_at = now() - interval '2 minutes' + n * interval '1 millisecond'
     from (select ctid, row_number() over (order by updated_at) n from cdi.${table} limit ${rows}) old
     where renewed.ctid = old.ctid`,
  );
}

async function start({ demo }: Scene, sync: string): Promise<string> {
  return startRun(demo.session, sync, 'syncRun', { sync, trigger: 'manual' }, 'by hand');
}

async function closed({ demo }: Scene, situation: Situation): Promise<Situation> {
  const client = await demo.session.temporal();
  const handle = client.workflow.getHandle(runWorkflowId(situation.sync), situation.run);
  await demo.until('the end of the run', async () =>
    (await handle.describe()).status.name === 'RUNNING' ? undefined : true,
  );
  return situation;
}

async function met(
  { demo }: Scene,
  run: string,
  what: string,
  isMet: (run: RunRecord) => boolean,
): Promise<void> {
  await demo.until(what, async () => {
    const record = await demo.session.ledger.runs.get(run);
    return record && isMet(record) ? true : undefined;
  });
}
