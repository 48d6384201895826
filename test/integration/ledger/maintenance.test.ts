/** What the maintenance of every minute closes, takes over and sweeps. */
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RateBudgets } from '../../../activities/braze/rate-budget.ts';
import type { ActivityDependencies } from '../../../activities/dependencies.ts';
import { maintain } from '../../../activities/maintain.ts';
import { createFileStaging } from '../../../activities/staging/file-staging.ts';
import { PipelineMetrics } from '../../../metrics/pipeline-metrics.ts';
import { CdiError } from '../../../model/errors.ts';
import { openChannels } from '../../../notify/dependencies.ts';
import { LedgerScene, confirmation } from './ledger-scene.ts';

let scene: LedgerScene;

beforeAll(async () => {
  scene = await LedgerScene.open('ledger_maintenance');
});

afterAll(async () => scene[Symbol.asyncDispose]());

const NO_CHANNELS = openChannels({ smtpUrl: undefined, mailFrom: '', guard: () => true });

const upkeep = (
  openRuns: readonly string[] = [],
  broken: Partial<Pick<ActivityDependencies, 'staging' | 'temporal'>> = {},
): ReturnType<ReturnType<typeof maintain>> =>
  maintain({
    ledger: scene.ledger,
    channels: NO_CHANNELS,
    guard: () => true,
    metrics: new PipelineMetrics(new Registry()),
    staging: createFileStaging(scene.installation.stagingFolder, scene.ledger.keyring),
    budgets: new RateBudgets(scene.ledger.rateLeases),
    temporal: {
      openRun: async (sync) => openRuns.find((name) => name === sync),
      pauseSchedule: async () => undefined,
      schedulePauses: async () => new Map([['paused-there', { paused: true, note: 'by an operator' }]]),
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    settings: { leaseTtlMs: 1_000, temporalUi: undefined, egress: [], namespace: 'default' },
    ...broken,
  })();

test('a part that fails holds up no other, and what was closed is told whatever fails', async () => {
  const staging = {
    ...createFileStaging(scene.installation.stagingFolder, scene.ledger.keyring),
    remove: async () => Promise.reject(new CdiError('staging_unavailable', 'Away.')),
    idleRuns: async () => Promise.reject(new CdiError('staging_unavailable', 'Away.')),
  };
  const sync = await scene.declare();
  const temporal = {
    openRun: async (name: string) => (name === sync ? undefined : 'open'),
    pauseSchedule: async () => undefined,
    schedulePauses: async () => Promise.reject(new CdiError('internal', 'Away.')),
  };
  const { run } = await scene.begin(sync);
  await scene.admin.query(`update runs set started_at = now() - interval '1 minute' where sync = $1`, [sync]);
  const oldRun = randomUUID();
  await scene.admin.query(
    `insert into runs (id, sync, data_type, workflow_run_id, trigger, status, finished_at)
     values ($1, 's', 'events', $1, 'manual', 'success', now() - interval '400 days')`,
    [oldRun],
  );
  expect(await upkeep([], { staging, temporal })).toEqual({
    closed: [{ sync, run }],
    sweptRejectedRows: 0,
    sweptRuns: 1,
  });
  expect(await scene.ledger.runs.get(oldRun)).toBeUndefined();
  await expect(upkeep([], { staging, temporal })).rejects.toMatchObject({ type: 'internal' });
  await expect(upkeep([], { staging })).rejects.toMatchObject({ type: 'staging_unavailable' });
});

test('runs that Temporal does not know are closed, fresh and living ones left alone', async () => {
  const [dead, living, fresh] = [await scene.declare(), await scene.declare(), await scene.declare()];
  const runs = {
    dead: await scene.begin(dead),
    living: await scene.begin(living),
    fresh: await scene.begin(fresh),
  };
  await scene.admin.query(`update runs set started_at = now() - interval '1 minute' where sync <> $1`, [
    fresh,
  ]);
  const { closed } = await upkeep([living]);
  expect(closed).toContainEqual({ sync: dead, run: runs.dead.run });
  expect(await scene.ledger.runs.get(runs.dead.run)).toMatchObject({
    status: 'cancelled',
    error: { type: 'ended_outside' },
  });
  expect(await scene.ledger.runs.get(runs.living.run)).toMatchObject({ status: 'running' });
  expect(await scene.ledger.runs.get(runs.fresh.run)).toMatchObject({ status: 'running' });
  await expect(
    scene.ledger.uploads.open({ ...runs.dead.holder, segment: 1, attempt: 1 }, runs.dead.run, 1),
  ).rejects.toMatchObject({
    type: 'superseded',
  });
});

test('a pause made in Temporal is kept in the ledger', async () => {
  await scene.declare('paused-there');
  await scene.ledger.definitions.setPaused('paused-there', false, null);
  await upkeep();
  expect(await scene.ledger.definitions.sync('paused-there')).toMatchObject({
    paused: true,
    pauseNote: 'by an operator',
  });
});

test('what has expired goes, what has not stays', async () => {
  const sync = await scene.declare();
  const [old, young] = [await scene.begin(sync), await scene.begin(await scene.declare())];
  for (const { run, holder } of [old, young]) {
    await scene.ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
    await scene.ledger.uploads.confirm(holder, run, 1, confirmation());
    await scene.ledger.runs.finish(run, () => ({ status: 'partial', error: null }));
  }
  await scene.ledger.previews.put('old', { rows: 1 });
  await scene.ledger.previews.put('young', { rows: 2 });
  await scene.admin.query(
    `update rejected_rows set rejected_at = now() - interval '31 days' where run = $1`,
    [old.run],
  );
  await scene.admin.query(
    `update rejected_rows set rejected_at = now() - interval '29 days' where run = $1`,
    [young.run],
  );
  await scene.admin.query(`update previews set created_at = now() - interval '11 minutes' where id = 'old'`);
  await upkeep();
  expect(await scene.ledger.rejectedRows.list(sync, { limit: 1 })).toEqual([]);
  expect(await scene.ledger.rejectedRows.list(young.holder.sync, { limit: 1 })).toHaveLength(1);
  expect(await scene.ledger.previews.take('old')).toBeUndefined();
  expect(await scene.ledger.previews.take('young')).toEqual({ rows: 2 });
  // Read once, it is gone.
  expect(await scene.ledger.previews.take('young')).toBeUndefined();
  expect(await scene.ledger.runs.get(old.run)).toBeDefined();
  await scene.admin.query(`update runs set finished_at = now() - interval '367 days' where id = $1`, [
    old.run,
  ]);
  expect((await upkeep()).sweptRuns).toBe(1);
  expect(await scene.ledger.runs.get(old.run)).toBeUndefined();
  expect(await scene.ledger.runs.get(young.run)).toBeDefined();
});
