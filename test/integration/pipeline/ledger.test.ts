/** What the ledger promises to those who write to it at the same time, again, or too late. */
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { RateBudgets } from '../../../activities/braze/rate-budget.ts';
import type { ActivityDependencies } from '../../../activities/dependencies.ts';
import { Registry } from 'prom-client';
import { PipelineMetrics } from '../../../metrics/pipeline-metrics.ts';
import { openChannels } from '../../../notify/dependencies.ts';
import { acquireLease } from '../../../activities/upload/upload-lease.ts';
import { maintain } from '../../../activities/maintain.ts';
import { createFileStaging } from '../../../activities/staging/file-staging.ts';
import { CdiError } from '../../../model/errors.ts';
import type { SourceRow } from '../../../model/row.ts';
import type { UploadHolder } from '../../../store/epoch.ts';
import { parseKeyring } from '../../../store/keyring.ts';
import { isConnectionError } from '../../../store/connection-error.ts';
import { type Ledger, openLedger } from '../../../store/ledger.ts';
import { type SegmentTail, segmentTail } from '../../../store/segment-tail.ts';
import type { Confirmation } from '../../../store/uploads.ts';
import { NO_CHANGES } from '../../../store/definitions.ts';
import { type Installation, install } from '../../support/installation.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { sourceRow } from '../../unit/source-row.ts';

let installation: Installation;
let ledger: Ledger;
let admin: pg.Client;
let number = 0;

beforeAll(async () => {
  installation = await install('ledger');
  ({ ledger } = installation.session);
  admin = new pg.Client({ connectionString: installation.environment['CDI_LEDGER_URL'] });
  await admin.connect();
});

afterAll(async () => {
  await admin.end();
  await installation[Symbol.asyncDispose]();
});

const OTHER_DATABASE = 'ledger_other';

/** Opens the ledger of this file, or an empty one, with a keyring. */
function open(keys: string, database?: string): Ledger {
  const url = new URL(installation.environment['CDI_LEDGER_URL'] ?? '');
  if (database !== undefined) url.pathname = `/${database}`;
  return openLedger({ url: url.href, keyring: parseKeyring(keys), connections: 2 });
}

const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;

async function declare(name = `sync-${++number}`, table = name): Promise<string> {
  await installation.declare({ name, table, data_type: 'events' });
  return name;
}

/** A run of a sync that has read its watermark and holds the lease. */
async function begin(sync: string): Promise<{ run: string; holder: UploadHolder }> {
  const run = randomUUID();
  await ledger.runs.open({ id: run, sync, dataType: 'events', trigger: 'manual', workflowRunId: run });
  const { epoch } = await ledger.watermarks.begin(sync, run, run);
  const leaseOwner = `owner of ${run}`;
  expect(await ledger.leases.take(sync, leaseOwner, 60_000)).toBe(0);
  return { run, holder: { sync, epoch, workflowRunId: run, leaseOwner } };
}

const row = (updatedAt: string): SourceRow => sourceRow({ updatedAt, externalId: 'u', payload: '{' });

/** Stops this process, as SIGSTOP would. */
const freeze = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const AT = '2026-01-01 00:00:00.000000';
const digest = (n: number): Buffer => Buffer.alloc(16, n);
const wholeTail = (digests: Buffer): SegmentTail => segmentTail({ kind: 'whole', value: AT }, { digests });

function confirmation(changes: Partial<Confirmation> = {}): Confirmation {
  return {
    token: randomUUID(),
    batches: [0],
    digests: Buffer.concat([digest(1), digest(2)]),
    lastUpdatedAt: AT,
    sent: 1,
    requests: 1,
    rejected: [
      { row: row(AT), code: 'payload_not_json', reason: 'PAYLOAD is not valid JSON.', origin: 'validation' },
    ],
    answerLost: [],
    warnings: [],
    reservation: { to: 1, open: null },
    ...changes,
  };
}

describe('migrations', () => {
  test('several processes at once apply each of them once, and none of them a second time', async () => {
    await admin.query(`create database ${OTHER_DATABASE}`);
    const keys = newKey('k');
    const ledgers = Array.from({ length: 4 }, () => open(keys, OTHER_DATABASE));
    try {
      const applied = await Promise.all(ledgers.map((each) => each.migrate()));
      expect(applied.flat().length).toBeGreaterThan(1);
      expect(new Set(applied.flat()).size).toBe(applied.flat().length);
      expect(await ledgers[0]?.migrate()).toEqual([]);
      expect(await ledgers[3]?.definitions.syncs()).toEqual([]);
    } finally {
      await Promise.all(ledgers.map((each) => each.close()));
      await admin.query(`drop database ${OTHER_DATABASE} with (force)`);
    }
  });
});

describe('connections', () => {
  test('one that has died without a word is given up, and the next query has another', async () => {
    const target = new URL(installation.environment['CDI_LEDGER_URL'] ?? '');
    await using proxy = await startTcpProxy(Number(target.port));
    target.port = String(proxy.port);
    const apart = openLedger({ url: target.href, keyring: ledger.keyring, connections: 1, silenceMs: 500 });
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
});

describe('confirmations', () => {
  test('the same group counts once, however often it is written', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
    const group = confirmation({
      answerLost: [{ firstBatch: 0, lastBatch: 0, rows: 2, firstUpdatedAt: AT, lastUpdatedAt: AT }],
      warnings: ['first', 'second'],
    });
    await ledger.uploads.confirm(holder, run, 1, group);
    await ledger.uploads.confirm(holder, run, 1, group);
    await Promise.all([1, 2, 3].map(() => ledger.uploads.confirm(holder, run, 1, group)));
    await ledger.uploads.confirm(
      holder,
      run,
      1,
      confirmation({ sent: 0, requests: 0, rejected: [], warnings: ['first'] }),
    );
    const record = await ledger.runs.get(run);
    expect(record?.counts).toEqual({
      read: 2,
      sent: 1,
      rejected: 1,
      requests: 1,
      possiblyDoubled: 2,
    });
    expect(record?.warnings).toEqual(['first', 'second']);
    expect(await ledger.rejectedRows.list(sync, { run, limit: 10 })).toHaveLength(1);
    expect(await ledger.runs.possiblyDoubled(run)).toHaveLength(1);
    expect(await ledger.uploads.state(holder, 1)).toEqual({
      confirmed: new Set([0]),
      reservedTo: 1,
      completed: false,
    });
  });

  test('a segment opened again replaces its count of rows', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 10);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 7);
    await ledger.uploads.open({ ...holder, segment: 2, attempt: 1 }, run, 5);
    expect((await ledger.runs.get(run))?.counts.read).toBe(12);
  });

  test('what a dead run confirmed is handled, what it had reserved is doubled perhaps', async () => {
    const sync = await declare();
    const { run: dead, holder } = await begin(sync);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, dead, 9);
    const reserved = { firstBatch: 1, lastBatch: 3, rows: 6, firstUpdatedAt: AT, lastUpdatedAt: AT };
    await ledger.uploads.confirm(holder, dead, 1, confirmation({ reservation: { to: 4, open: reserved } }));
    await ledger.leases.release(sync, holder.leaseOwner);
    const { run } = await begin(sync);
    expect(await ledger.runs.get(dead)).toMatchObject({
      status: 'cancelled',
      error: { type: 'ended_outside' },
    });
    const handled = await ledger.uploads.handled(sync, null);
    expect(handled.map(({ digests }) => digests)).toEqual([Buffer.concat([digest(1), digest(2)])]);
    expect(await ledger.uploads.handled(sync, '2026-01-01 00:00:00.000001')).toEqual([]);
    expect((await ledger.runs.get(run))?.counts).toMatchObject({ read: 0, sent: 0, possiblyDoubled: 6 });
    expect(await ledger.runs.possiblyDoubled(run)).toMatchObject([{ ...reserved, cause: 'attempt_lost' }]);
  });
});

describe('epochs', () => {
  test('after another run has begun, nothing of the older one is written', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
    await ledger.uploads.complete(holder, 1, wholeTail(digest(1)));
    const newer = { id: 'newer', dataType: 'events', trigger: 'manual', workflowRunId: 'newer' } as const;
    await ledger.runs.open({ ...newer, sync });
    const { epoch } = await ledger.watermarks.begin(sync, 'newer', 'newer');
    expect(epoch).toBe(holder.epoch + 1);

    const superseded = { type: 'superseded' };
    const reservation = { to: 5, open: null };
    await expect(ledger.uploads.open({ ...holder, segment: 2, attempt: 1 }, run, 1)).rejects.toMatchObject(
      superseded,
    );
    await expect(ledger.uploads.state(holder, 1)).rejects.toMatchObject(superseded);
    await expect(ledger.uploads.reserve(holder, run, 1, reservation, [])).rejects.toMatchObject(superseded);
    await expect(ledger.uploads.confirm(holder, run, 1, confirmation())).rejects.toMatchObject(superseded);
    const tail = wholeTail(digest(1));
    await expect(ledger.uploads.complete(holder, 1, tail)).rejects.toMatchObject(superseded);
    await expect(ledger.watermarks.commit(holder, 1, Infinity)).rejects.toMatchObject(superseded);
    await expect(ledger.watermarks.initialise(holder, AT, run)).rejects.toMatchObject(superseded);
    // The older one was closed by the newer one: it does not begin again, whenever it wakes.
    await expect(ledger.watermarks.begin(sync, run, run)).rejects.toMatchObject(superseded);
    expect(await ledger.runs.get('newer')).toMatchObject({ status: 'running' });
    expect(await ledger.watermarks.get(sync)).toBeUndefined();
    expect((await ledger.runs.get(run))?.counts).toMatchObject({ read: 2, sent: 0, rejected: 0 });
  });

  test('the same Temporal run keeps its epoch; one that has finished has lost it', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    expect((await ledger.watermarks.begin(sync, run, run)).epoch).toBe(holder.epoch);
    const end = { status: 'success', error: null } as const;
    const finished = await ledger.runs.finish(run, () => end);
    expect(finished).toMatchObject({ status: 'success' });
    await expect(ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 1)).rejects.toMatchObject({
      type: 'superseded',
    });
    // What has ended stays as it ended.
    const again = await ledger.runs.finish(run, () => ({ status: 'cancelled', error: null }));
    expect(again).toEqual(finished);
  });

  test('a commit that later ones have passed changes nothing, and fails nobody', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    const later = '2026-01-02 00:00:00.000000';
    for (const [segment, value] of [
      [1, AT],
      [2, later],
    ] as const) {
      await ledger.uploads.open({ ...holder, segment, attempt: 1 }, run, 1);
      await ledger.uploads.complete(
        holder,
        segment,
        segmentTail({ kind: 'whole', value }, { digests: digest(segment) }),
      );
      expect(await ledger.watermarks.commit(holder, segment, Infinity)).toBe(value);
    }
    expect(await ledger.watermarks.commit(holder, 1, Infinity)).toBe(later);
    expect(await ledger.watermarks.get(sync)).toMatchObject({ value: later, segment: 2, digests: digest(2) });
  });

  test('an attempt that was frozen while a later one opened its segment changes nothing any more', async () => {
    const sync = await declare();
    const former = await begin(sync);
    await ledger.uploads.confirm(former.holder, former.run, 1, confirmation());
    await ledger.leases.release(sync, former.holder.leaseOwner);
    const { run, holder } = await begin(sync);
    const id = (await ledger.rejectedRows.list(sync, { limit: 1 }))[0]?.id ?? 0;
    const claim = async (): Promise<unknown> =>
      (
        await admin.query('select retry_epoch::int, retry_segment::int from rejected_rows where id = $1', [
          id,
        ])
      ).rows[0];
    const claims = [{ id, digest: digest(1) }];
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 2 }, run, 7, { claims });
    const late = ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 10, { claims: [] });
    await expect(late).rejects.toMatchObject({ type: 'superseded' });
    expect((await ledger.runs.get(run))?.counts.read).toBe(7);
    expect(await claim()).toEqual({ retry_epoch: holder.epoch, retry_segment: 1 });
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 3 }, run, 5, { claims: [] });
    expect((await ledger.runs.get(run))?.counts.read).toBe(5);
    expect(await claim()).toEqual({ retry_epoch: null, retry_segment: null });
  });

  test('an attempt that was frozen until its segment was committed neither opens it again nor sends it', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    for (const commit of ['ordinary', 'retry'] as const) {
      const segment = commit === 'ordinary' ? 1 : 2;
      await ledger.uploads.open({ ...holder, segment, attempt: 1 }, run, 2);
      await ledger.uploads.complete(holder, segment, wholeTail(digest(segment)));
      if (commit === 'ordinary') await ledger.watermarks.commit(holder, segment, Infinity);
      else await ledger.retries.commit(holder, run, segment);
      await expect(ledger.uploads.state(holder, segment), commit).rejects.toMatchObject({
        type: 'superseded',
      });
    }
    const late = ledger.uploads.open({ ...holder, segment: 1, attempt: 9 }, run, 2);
    await expect(late).rejects.toMatchObject({ type: 'superseded' });
    expect((await ledger.runs.get(run))?.counts.read).toBe(4);
  });

  test('openers that ask at once end in one order, and with one of them', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    const attempts = Array.from({ length: 8 }, (_, index) => index + 1);
    const opened = await Promise.allSettled(
      attempts.map((attempt) => ledger.uploads.open({ ...holder, segment: 1, attempt }, run, attempt)),
    );
    expect(opened.at(-1)).toMatchObject({ status: 'fulfilled' });
    for (const each of opened)
      if (each.status === 'rejected') expect(each.reason).toMatchObject({ type: 'superseded' });
    expect((await ledger.runs.get(run))?.counts.read).toBe(8);
  });

  test('a run is asked about once: a late question changes nothing after the answer', async () => {
    const sync = await declare();
    const { run } = await begin(sync);
    const size = { rows: 2, deletes: 0 };
    const held = {
      ...size,
      limits: { rows: 1, deletes: 1 },
      since: '2026-01-01T00:00:00.000Z',
      answer: null,
    };
    await ledger.runs.hold(run, held);
    expect(await ledger.runs.get(run)).toMatchObject({ status: 'held', held });
    await ledger.runs.answerHeld(run, { decision: 'approved', by: 'ann', at: '2026-01-01T00:01:00.000Z' });
    await ledger.runs.hold(run, held);
    expect(await ledger.runs.get(run)).toMatchObject({
      status: 'running',
      held: { answer: { decision: 'approved' } },
    });
  });

  test('a watermark moves only past a delivered segment, and committing twice is committing once', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
    await expect(ledger.watermarks.commit(holder, 1, Infinity)).rejects.toMatchObject({ type: 'internal' });
    await ledger.uploads.confirm(holder, run, 1, confirmation());
    await ledger.uploads.complete(holder, 1, wholeTail(digest(2)));
    expect(await ledger.watermarks.commit(holder, 1, Infinity)).toBe(AT);
    expect(await ledger.watermarks.commit(holder, 1, Infinity)).toBe(AT);
    expect(await ledger.watermarks.get(sync)).toMatchObject({ value: AT, digests: digest(2) });
    // Behind the watermark nothing needs to be remembered.
    expect(await ledger.uploads.handled(sync, null)).toEqual([]);
  });

  test('a segment that several commit at once is committed once', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    await ledger.watermarks.initialise(holder, null, run);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
    const fresh = [{ first: AT, last: AT, rows: 2 }];
    const digests = Buffer.concat([digest(1), digest(2)]);
    const tail = segmentTail({ kind: 'whole', value: AT, fresh }, { digests, fresh: digests });
    await ledger.uploads.complete(holder, 1, tail);
    const commits = Array.from({ length: 8 }, () => ledger.watermarks.commit(holder, 1, Infinity));
    expect(new Set(await Promise.all(commits))).toEqual(new Set([AT]));
    const query = 'select sum(rows)::int as rows from lookback_digests where sync = $1';
    expect((await admin.query(query, [sync])).rows).toEqual([{ rows: 2 }]);
  });
});

describe('leases', () => {
  test('one owner at a time; it may prolong and give back; an ended lease is free', async () => {
    const { leases } = ledger;
    expect(await leases.take('leased', 'a', 60_000)).toBe(0);
    expect(await leases.take('leased', 'a', 400)).toBe(0);
    const left = await leases.take('leased', 'b', 60_000);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(400);
    await leases.release('leased', 'b');
    expect(await leases.take('leased', 'b', 60_000)).toBeGreaterThan(0);
    await sleep(450);
    expect(await leases.take('leased', 'b', 60_000)).toBe(0);
    expect(await leases.take('leased', 'a', 60_000)).toBeGreaterThan(59_000);
    await leases.release('leased', 'b');
    expect(await leases.take('leased', 'a', 60_000)).toBe(0);
  });

  test('is prolonged by the one who has it, also when it ran out, and never by one who had it before', async () => {
    const { leases } = ledger;
    expect(await leases.take('renewed', 'a', 1)).toBe(0);
    await sleep(50);
    expect(await leases.renew('renewed', 'a', 1)).toBe(true);
    await sleep(50);
    expect(await leases.take('renewed', 'b', 60_000)).toBe(0);
    expect(await leases.renew('renewed', 'a', 60_000)).toBe(false);
    await leases.release('renewed', 'b');
    expect(await leases.renew('renewed', 'a', 60_000)).toBe(false);
  });

  test('of many that ask at once, one gets it', async () => {
    const owners = Array.from({ length: 8 }, (_, n) => `owner ${n}`);
    const answers = await Promise.all(owners.map((owner) => ledger.leases.take('contested', owner, 60_000)));
    expect(answers.filter((left) => left === 0)).toHaveLength(1);
  });

  test('an upload keeps its lease while it lives, and one that was frozen knows at once that it has ended', async () => {
    const { leases } = ledger;
    const ttlMs = 1_000;
    const { signal } = new AbortController();
    const lease = await acquireLease(leases, 'kept', 'a', ttlMs, signal);
    await sleep(1.5 * ttlMs);
    await lease.untilHolds();
    freeze(1.1 * ttlMs);
    expect(lease.holds()).toBe(false);
    // Nobody else came: it goes on.
    await lease.untilHolds();

    const takenMeanwhile = admin.query(`do $$ begin
      perform pg_sleep(1);
      update leases set owner = 'b', expires_at = clock_timestamp() + interval '1 minute' where sync = 'kept';
    end $$`);
    await sleep(ttlMs / 20);
    freeze(1.5 * ttlMs);
    expect(lease.holds()).toBe(false);
    await expect(lease.untilHolds()).rejects.toMatchObject({ type: 'lease_lost' });
    await takenMeanwhile;
    expect(lease.holds()).toBe(false);
    await lease.release();
    expect(await leases.take('kept', 'c', 1)).toBeGreaterThan(0);
  });

  test('an upload whose lease went to another attempt records nothing more', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
    await ledger.leases.release(sync, holder.leaseOwner);
    expect(await ledger.leases.take(sync, 'the next attempt', 60_000)).toBe(0);
    await expect(ledger.uploads.confirm(holder, run, 1, confirmation())).rejects.toMatchObject({
      type: 'lease_lost',
    });
    expect((await ledger.runs.get(run))?.counts.sent).toBe(0);
  });
});

describe('definitions', () => {
  test('a credential or workspace that a sync uses cannot be deleted', async () => {
    const sync = await declare();
    await expect(ledger.definitions.deleteCredential('source')).rejects.toMatchObject({
      type: 'invalid_definition',
      message: expect.stringContaining(sync) as string,
    });
    for (const changes of [{ deleteCredentials: ['source'] }, { deleteWorkspaces: ['main'] }]) {
      await expect(ledger.definitions.change({ ...NO_CHANGES, ...changes })).rejects.toMatchObject({
        type: 'invalid_definition',
      });
    }
    expect((await ledger.definitions.credential('source')).secrets).toHaveProperty('password');
    await expect(ledger.definitions.deleteCredential('nobody')).rejects.toMatchObject({
      type: 'definition_missing',
    });
  });

  test('a credential that only deleted syncs used can go, and they with it', async () => {
    const { definition, secrets } = await ledger.definitions.credential('source');
    const spare = { definition: { ...definition, name: 'spare' }, secrets };
    await ledger.definitions.change({ ...NO_CHANGES, credentials: [spare] });
    const sync = await declare();
    const stored = await ledger.definitions.sync(sync);
    const moved = {
      definition: { ...stored.definition, credential: 'spare' },
      watermark: 'keep',
      retest: false,
    } as const;
    await ledger.definitions.change({ ...NO_CHANGES, syncs: [moved] });
    await ledger.definitions.change({ ...NO_CHANGES, deleteSyncs: [sync] });
    await ledger.definitions.deleteCredential('spare');
    expect((await ledger.definitions.syncs()).map(({ name }) => name)).not.toContain(sync);
  });

  test('a watermark is reset only between runs, and what was of a run before it is superseded', async () => {
    const sync = await declare();
    const { run, holder } = await begin(sync);
    await ledger.watermarks.initialise(holder, AT, run);
    const { definition } = await ledger.definitions.sync(sync);
    const reset = async (): Promise<void> =>
      ledger.definitions.change({
        ...NO_CHANGES,
        syncs: [{ definition, watermark: 'reset', retest: false }],
      });
    await expect(reset()).rejects.toMatchObject({ type: 'invalid_definition' });
    expect(await ledger.watermarks.get(sync)).toMatchObject({ value: AT });
    await ledger.runs.finish(run, () => ({ status: 'cancelled', error: null }));
    await reset();
    expect(await ledger.watermarks.get(sync)).toBeUndefined();
    await expect(ledger.watermarks.initialise(holder, AT, run)).rejects.toMatchObject({ type: 'superseded' });
  });

  test('one sync per table and workspace; two that swap their tables do not meet', async () => {
    const [a, b] = [await declare('swap-a', 'swap_a'), await declare('swap-b', 'swap_b')];
    await expect(declare('swap-c', 'swap_a')).rejects.toMatchObject({ type: 'invalid_definition' });
    const change = async (
      name: string,
      table: string,
    ): Promise<{
      definition: Awaited<ReturnType<typeof installation.declare>>;
      watermark: 'keep';
      retest: boolean;
    }> => {
      const { definition } = await ledger.definitions.sync(name);
      return {
        definition: { ...definition, source: { schema: 'cdi', table } },
        watermark: 'keep',
        retest: false,
      };
    };
    await ledger.definitions.change({
      ...NO_CHANGES,
      syncs: [await change(a, 'swap_b'), await change(b, 'swap_a')],
    });
    expect((await ledger.definitions.sync(a)).definition.source.table).toBe('swap_b');
  });
});

describe('keys', () => {
  test('a new key seals, the former one still opens, and without it nothing opens', async () => {
    const former = installation.environment['CDI_KEY'] ?? '';
    const rotated = `${newKey('new')}\n${former}`;
    const sync = await declare();
    const { run, holder } = await begin(sync);
    await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
    await ledger.uploads.confirm(holder, run, 1, confirmation());

    const both = open(rotated);
    const onlyNew = open(rotated.split('\n')[0] ?? '');
    try {
      const { apiKey } = await both.definitions.workspace('main');
      expect(apiKey).toBe('sim-key');
      expect(await both.rejectedRows.list(sync, { run, limit: 1 })).toMatchObject([{ row: row(AT) }]);
      // The secrets did not change with the key.
      expect(both.definitions.fingerprint({ api_key: apiKey })).toBe(
        ledger.definitions.fingerprint({ api_key: apiKey }),
      );
      await expect(onlyNew.definitions.workspace('main')).rejects.toMatchObject({ type: 'key_missing' });
      await expect(onlyNew.rejectedRows.list(sync, { run, limit: 1 })).rejects.toMatchObject({
        type: 'key_missing',
      });
      await both.uploads.confirm(holder, run, 1, confirmation({ batches: [1] }));
      await expect(ledger.rejectedRows.list(sync, { run, limit: 2 })).rejects.toMatchObject({
        type: 'key_missing',
      });
      expect(await both.rejectedRows.list(sync, { run, limit: 2 })).toHaveLength(2);
    } finally {
      await Promise.all([both.close(), onlyNew.close()]);
    }
  });

  test('a sealed secret opens only for what it was sealed for', async () => {
    await admin.query(`update credentials set secret = (select secret from workspaces where name = 'main') where name = 'source'
      returning name`);
    await expect(ledger.definitions.credential('source')).rejects.toMatchObject({ type: 'key_missing' });
  });
});

const NO_CHANNELS = openChannels({ smtpUrl: undefined, mailFrom: '', guard: () => true });

describe('housekeeping', () => {
  const upkeep = (
    openRuns: readonly string[] = [],
    broken: Partial<Pick<ActivityDependencies, 'staging' | 'temporal'>> = {},
  ): ReturnType<ReturnType<typeof maintain>> =>
    maintain({
      ledger,
      channels: NO_CHANNELS,
      guard: () => true,
      metrics: new PipelineMetrics(new Registry()),
      staging: createFileStaging(installation.stagingFolder, ledger.keyring),
      budgets: new RateBudgets(ledger.rateLeases),
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
      ...createFileStaging(installation.stagingFolder, ledger.keyring),
      remove: async () => Promise.reject(new CdiError('staging_unavailable', 'Away.')),
      idleRuns: async () => Promise.reject(new CdiError('staging_unavailable', 'Away.')),
    };
    const sync = await declare();
    const temporal = {
      openRun: async (name: string) => (name === sync ? undefined : 'open'),
      pauseSchedule: async () => undefined,
      schedulePauses: async () => Promise.reject(new CdiError('internal', 'Away.')),
    };
    const { run } = await begin(sync);
    await admin.query(`update runs set started_at = now() - interval '1 minute' where sync = $1`, [sync]);
    const oldRun = randomUUID();
    await admin.query(
      `insert into runs (id, sync, data_type, workflow_run_id, trigger, status, finished_at)
       values ($1, 's', 'events', $1, 'manual', 'success', now() - interval '400 days')`,
      [oldRun],
    );
    expect(await upkeep([], { staging, temporal })).toEqual({
      closed: [{ sync, run }],
      sweptRejectedRows: 0,
      sweptRuns: 1,
    });
    expect(await ledger.runs.get(oldRun)).toBeUndefined();
    await expect(upkeep([], { staging, temporal })).rejects.toMatchObject({ type: 'internal' });
    await expect(upkeep([], { staging })).rejects.toMatchObject({ type: 'staging_unavailable' });
  });

  test('runs that Temporal does not know are closed, fresh and living ones left alone', async () => {
    const [dead, living, fresh] = [await declare(), await declare(), await declare()];
    const runs = { dead: await begin(dead), living: await begin(living), fresh: await begin(fresh) };
    await admin.query(`update runs set started_at = now() - interval '1 minute' where sync <> $1`, [fresh]);
    const { closed } = await upkeep([living]);
    expect(closed).toContainEqual({ sync: dead, run: runs.dead.run });
    expect(await ledger.runs.get(runs.dead.run)).toMatchObject({
      status: 'cancelled',
      error: { type: 'ended_outside' },
    });
    expect(await ledger.runs.get(runs.living.run)).toMatchObject({ status: 'running' });
    expect(await ledger.runs.get(runs.fresh.run)).toMatchObject({ status: 'running' });
    await expect(
      ledger.uploads.open({ ...runs.dead.holder, segment: 1, attempt: 1 }, runs.dead.run, 1),
    ).rejects.toMatchObject({
      type: 'superseded',
    });
  });

  test('a pause made in Temporal is kept in the ledger', async () => {
    await declare('paused-there');
    await ledger.definitions.setPaused('paused-there', false, null);
    await upkeep();
    expect(await ledger.definitions.sync('paused-there')).toMatchObject({
      paused: true,
      pauseNote: 'by an operator',
    });
  });

  test('what has expired goes, what has not stays', async () => {
    const sync = await declare();
    const [old, young] = [await begin(sync), await begin(await declare())];
    for (const { run, holder } of [old, young]) {
      await ledger.uploads.open({ ...holder, segment: 1, attempt: 1 }, run, 2);
      await ledger.uploads.confirm(holder, run, 1, confirmation());
      await ledger.runs.finish(run, () => ({ status: 'partial', error: null }));
    }
    await ledger.previews.put('old', { rows: 1 });
    await ledger.previews.put('young', { rows: 2 });
    await admin.query(`update rejected_rows set rejected_at = now() - interval '31 days' where run = $1`, [
      old.run,
    ]);
    await admin.query(`update rejected_rows set rejected_at = now() - interval '29 days' where run = $1`, [
      young.run,
    ]);
    await admin.query(`update previews set created_at = now() - interval '11 minutes' where id = 'old'`);
    await upkeep();
    expect(await ledger.rejectedRows.list(sync, { limit: 1 })).toEqual([]);
    expect(await ledger.rejectedRows.list(young.holder.sync, { limit: 1 })).toHaveLength(1);
    expect(await ledger.previews.take('old')).toBeUndefined();
    expect(await ledger.previews.take('young')).toEqual({ rows: 2 });
    // Read once, it is gone.
    expect(await ledger.previews.take('young')).toBeUndefined();
    expect(await ledger.runs.get(old.run)).toBeDefined();
    await admin.query(`update runs set finished_at = now() - interval '367 days' where id = $1`, [old.run]);
    expect((await upkeep()).sweptRuns).toBe(1);
    expect(await ledger.runs.get(old.run)).toBeUndefined();
    expect(await ledger.runs.get(young.run)).toBeDefined();
  });
});
