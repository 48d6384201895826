/**
 * Many syncs at the shortest interval for an hour, with faults: is a run missed, a row lost, a connection or memory leaked?
 * The last line is JSON; the exit code is 1 where something is wrong.
 *
 *   npm run soak [-- --syncs 100 --minutes 60]
 *
 * In the first third the worker is killed or told to stop as well. Then one worker stays, and its memory is watched.
 */
import { readdir } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { restoreAllSchedules } from '../client/commands/apply-schedule.ts';
import { stopRequest } from '../client/up/stop-request.ts';
import { scheduleId } from '../model/names.ts';
import type { Rule } from '../test/braze-simulator/control-types.ts';
import { median } from './median.ts';
import { residentMb } from './process-usage.ts';
import { type BenchSystem, startSystem } from './system.ts';

const { values } = parseArgs({
  options: { syncs: { type: 'string', default: '100' }, minutes: { type: 'string', default: '60' } },
});
const SYNCS = Number(values.syncs);
const MINUTES = Number(values.minutes);

const INTERVAL_MINUTES = 5;
const INTERVAL_MS = INTERVAL_MINUTES * 60_000;
/** New rows of each table in each interval. */
const ROWS = 40;
/** When within an interval the system is at rest and is looked at, and when rows are written. */
const LOOK_MS = 210_000;
const WRITE_MS = 240_000;
/** Of the memory at rest, its last quarter to its first. */
const MOST_GROWTH = 1.15;

const say = (line: string): void =>
  void process.stderr.write(`[${String(Math.round(performance.now() / 1_000)).padStart(5)} s] ${line}\n`);
const nameOf = (n: number): string => `soak_${String(n).padStart(3, '0')}`;
const names = Array.from({ length: SYNCS }, (_unused, n) => nameOf(n));

interface Fault {
  readonly name: string;
  /** Whether it ends the worker's process. */
  readonly endsWorker?: boolean;
  readonly play: (system: BenchSystem) => Promise<void>;
}

/** For some seconds, beginning as the runs of an interval do. */
const braze = (name: string, ...rules: Rule[]): Fault => ({
  name,
  play: async ({ sink }) => {
    await sink.client.setScript(rules);
    await sleep(20_000);
    await sink.client.setScript([]);
  },
});

const FAULTS: readonly Fault[] = [
  {
    name: 'kill -9 of the worker',
    endsWorker: true,
    play: async ({ pids }) => void process.kill(pids.worker, 'SIGKILL'),
  },
  braze('a storm of 429', {
    match: { probability: 0.5 },
    action: { type: '429', style: 'reset_delta', seconds: 2 },
  }),
  { name: 'SIGTERM of the worker', endsWorker: true, play: (system) => system.restartWorker() },
  braze(
    'connections reset',
    { match: { probability: 0.1 }, action: { type: 'reset_before' } },
    { match: { probability: 0.1 }, action: { type: 'reset_after' } },
  ),
  {
    name: 'every connection to PostgreSQL ended',
    play: async ({ source }) => {
      await source.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`,
      );
    },
  },
  braze('answers of 503', {
    match: { probability: 0.4 },
    action: { type: '5xx_before', status: 503 },
  }),
];

interface Look {
  readonly workerMb: number;
  readonly temporalMb: number;
  readonly files: number;
  readonly connections: number;
  readonly sameWorker: boolean;
}

async function look(system: BenchSystem, workerBefore: number): Promise<Look> {
  const { worker, temporal } = system.pids;
  const { rows } = await system.source.query<{ count: string }>(
    `select count(*) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`,
  );
  return {
    workerMb: await residentMb(worker),
    temporalMb: await residentMb(temporal),
    files: (await readdir(`/proc/${worker}/fd`)).length,
    connections: Number(rows[0]?.count),
    sameWorker: worker === workerBefore,
  };
}

async function write(system: BenchSystem, round: number): Promise<void> {
  for (const name of names) {
    await system.source.query(
      `insert into ${name} select clock_timestamp() at time zone 'UTC', 'user-' || (n % 25),
        json_build_object('name', 'soak', 'time', '2026-01-01T00:00:00Z', 'properties', json_build_object('row', $1::text || '-' || n))::text
      from generate_series(1, ${ROWS}) n`,
      [`${name}-${round}`],
    );
  }
}

async function soak(system: BenchSystem): Promise<boolean> {
  const { source, session, sink } = system;
  for (const name of names) {
    await source.query(
      `create table ${name} (updated_at timestamp not null, external_id text not null, payload text not null)`,
    );
    await system.declare({
      name,
      dataType: 'events',
      schedule: { every: '5m', allow_short_intervals: true },
      options: { rate_share: 0.05, safety_lag: '0s' },
    });
  }
  await source.query('update syncs set tested_at = now(), paused = false, pause_note = null');
  await restoreAllSchedules(session);
  const rounds = Math.floor(MINUTES / INTERVAL_MINUTES);
  const looks: Look[] = [];
  const played = new Map<string, number>();
  await write(system, 0);
  const begin = Math.ceil(Date.now() / INTERVAL_MS) * INTERVAL_MS;
  say(
    `${SYNCS} syncs every ${INTERVAL_MINUTES} minutes; the first runs begin in ${Math.round((begin - Date.now()) / 1_000)} s`,
  );
  const until = (time: number): Promise<void> =>
    sleep(Math.max(0, time - Date.now()), undefined, { signal: system.stop });
  for (let round = 0; round < rounds; round += 1) {
    const start = begin + round * INTERVAL_MS;
    await until(start + 3_000);
    const playable = round < rounds / 3 ? FAULTS : FAULTS.filter(({ endsWorker }) => endsWorker !== true);
    const fault = playable[round % playable.length];
    const workerBefore = system.pids.worker;
    say(`round ${round + 1} of ${rounds}: ${fault?.name}`);
    await fault?.play(system);
    if (fault) played.set(fault.name, (played.get(fault.name) ?? 0) + 1);
    await until(start + LOOK_MS);
    const seen = await look(system, workerBefore);
    looks.push(seen);
    say(JSON.stringify(seen));
    await until(start + WRITE_MS);
    if (round < rounds - 1) await write(system, round + 1);
  }

  const missed = await missedRuns(system, begin, rounds);
  const counts = new Map<string, number>();
  for (const { text } of await sink.client.events()) {
    const row = /"row"\s*:\s*"([^"]+)"/.exec(text)?.[1] ?? '';
    counts.set(row, (counts.get(row) ?? 0) + 1);
  }
  const rows = SYNCS * ROWS * rounds;
  const doubled = [...counts.values()].reduce((sum, count) => sum + count - 1, 0);
  const { rows: recorded } = await source.query<{ runs: string; doubled: string; failed: string }>(
    `select count(*) as runs, coalesce(sum(possibly_doubled), 0) as doubled, count(*) filter (where status <> 'success') as failed from runs`,
  );
  const steady = looks.slice(Math.min(Math.ceil(rounds / 3), rounds - 1));
  const quarter = Math.max(1, Math.floor(steady.length / 4));
  const growth = (of: keyof Look): number => {
    const numbers = steady.map((seen) => Number(seen[of]));
    return Number((median(numbers.slice(-quarter)) / median(numbers.slice(0, quarter))).toFixed(3));
  };
  const result = {
    syncs: SYNCS,
    minutes: rounds * INTERVAL_MINUTES,
    faults: Object.fromEntries(played),
    runs: Number(recorded[0]?.runs),
    failedRuns: Number(recorded[0]?.failed),
    missedRuns: missed,
    rows,
    lostRows: rows - counts.size,
    doubledRows: doubled,
    possiblyDoubledOnRecord: Number(recorded[0]?.doubled),
    workerGrowth: growth('workerMb'),
    temporalGrowth: growth('temporalMb'),
    filesGrowth: growth('files'),
    connectionsGrowth: growth('connections'),
    looks,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  return (
    missed === 0 &&
    result.lostRows === 0 &&
    doubled <= result.possiblyDoubledOnRecord &&
    result.workerGrowth <= MOST_GROWTH &&
    result.connectionsGrowth <= 1 &&
    result.filesGrowth <= MOST_GROWTH
  );
}

/** Intervals in which a sync had no run, and what Temporal says that it left out. */
async function missedRuns({ session }: BenchSystem, begin: number, rounds: number): Promise<number> {
  const { schedule } = await session.temporal();
  let missed = 0;
  for (const name of names) {
    const { info } = await schedule.getHandle(scheduleId(name)).describe();
    const runs = await session.ledger.runs.ofSync(name, rounds * 2);
    const met = new Set(runs.map(({ startedAt }) => Math.floor((startedAt.getTime() - begin) / INTERVAL_MS)));
    const without = Array.from({ length: rounds }, (_unused, round) => round).filter(
      (round) => !met.has(round),
    );
    missed += without.length + info.numActionsMissedCatchupWindow + info.numActionsSkippedOverlap;
  }
  return missed;
}

using request = stopRequest();
try {
  await using system = await startSystem({ say, stop: request.asked, fast: false });
  if (!(await soak(system))) process.exitCode = 1;
} catch (error) {
  if (!request.asked.aborted) throw error;
}
