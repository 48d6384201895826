/**
 * Latency of reads of `/v1` at a steady rate, on a ledger with many syncs and runs. Times count from the moment at which a
 * request is due, so that a slow answer is not hidden by the requests that wait behind it. The last line is JSON.
 *
 *   node bench/api.ts [--syncs 1000] [--runs 1000000] [--rate 200] [--seconds 60]
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { Agent, request } from 'undici';
import { startPostgres } from '../client/embedded/postgres.ts';
import { parseKeyring } from '../store/keyring.ts';
import { type Ledger, openLedger } from '../store/ledger.ts';
import { NO_CHANGES } from '../store/definitions.ts';
import { API_PERMISSION_NAMES } from '../model/api-permissions.ts';
import { syncSchema } from '../model/definitions.ts';

const { values } = parseArgs({
  options: {
    syncs: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '1000000' },
    rate: { type: 'string', default: '200' },
    seconds: { type: 'string', default: '60' },
  },
});
const syncs = Number(values.syncs);
const runs = Number(values.runs);
const rate = Number(values.rate);
const seconds = Number(values.seconds);

const MAIN = fileURLToPath(new URL('../client/main.ts', import.meta.url));
const WARM_UP = 200;
const ROUTES = ['/v1/syncs?limit=50', '/v1/syncs/{sync}', '/v1/syncs/{sync}/runs', '/v1/runs/{run}'] as const;
type Route = (typeof ROUTES)[number];

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const syncName = (n: number): string => `sync-${String(n).padStart(5, '0')}`;
const runId = (n: number): string => `00000000-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;

await using cleanup = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'cdi-bench-api-'));
cleanup.defer(() => rm(folder, { recursive: true, force: true }));
const postgres = await startPostgres({
  dataDir: join(folder, 'postgres'),
  port: 0,
  user: 'bench',
  password: randomBytes(12).toString('hex'),
  log: join(folder, 'postgres.log'),
});
cleanup.defer(() => postgres.stop());
const keys = `bench:${randomBytes(32).toString('base64')}`;
const ledger = openLedger({ url: postgres.url, keyring: parseKeyring(keys), connections: 2 });
cleanup.defer(() => ledger.close());
await ledger.migrate();
say(`Filling a ledger with ${syncs} syncs and ${runs} runs …`);
await declare(ledger);
await fillRuns();
const authorization = `Bearer ${(await ledger.apiKeys.add('bench', API_PERMISSION_NAMES)) ?? ''}`;
const url = await startApi();
const agent = new Agent({ connections: 64 });
cleanup.defer(() => agent.close());

say('Warming up …');
for (let n = 0; n < WARM_UP; n += 1) await ask(n);
say(`Asking ${rate} times a second for ${seconds} s …`);
const answers = await askSteadily();
report(answers);

interface Answer {
  readonly route: Route;
  readonly ms: number;
  readonly isGood: boolean;
}

async function declare(ledger: Ledger): Promise<void> {
  const definitions = Array.from({ length: syncs }, (_, n) =>
    syncSchema.parse({
      kind: 'sync',
      name: syncName(n),
      workspace: 'main',
      credential: 'source',
      source: { schema: 'cdi', table: `table_${n}` },
      data_type: 'events',
      schedule: { every: '15m' },
      notifications: { contacts: ['team@example.com'] },
    }),
  );
  await ledger.definitions.change({
    ...NO_CHANGES,
    workspaces: [
      {
        definition: {
          kind: 'workspace',
          name: 'main',
          endpoint: 'https://rest.iad-01.braze.com',
          api_key: '${env:BRAZE_KEY}',
          track_batch: 75,
          track_requests_per_3s: 3_000,
        },
        secrets: {},
      },
    ],
    credentials: [
      {
        definition: {
          kind: 'credential',
          name: 'source',
          warehouse: 'redshift',
          host: 'localhost',
          port: 5_439,
          database: 'dev',
          user: 'reader',
          password: '${env:PASSWORD}',
          tls: 'off',
        },
        secrets: {},
      },
    ],
    syncs: definitions.map((definition) => ({ definition, watermark: 'keep', retest: false })),
  });
}

/** Runs of all syncs in turn, the newest just now. */
async function fillRuns(): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await client.query(
      `insert into runs (id, sync, data_type, workflow_run_id, trigger, status, watermark_after, read, sent, rejected, requests,
                         started_at, finished_at)
       select '00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'), 'sync-' || lpad((n % $2)::text, 5, '0'), 'events', '',
              'schedule', 'success', '2026-01-31 00:00:00.000000', 1000, 990, 10, 14,
              now() - ($1 - n) * interval '1 second', now() - ($1 - n - 1) * interval '1 second'
       from generate_series(0, $1 - 1) n`,
      [runs, syncs],
    );
    await client.query('update syncs set tested_at = now(), paused = false');
    await client.query('vacuum analyze');
  } finally {
    await client.end();
  }
}

async function startApi(): Promise<string> {
  const child = spawn(process.execPath, [MAIN, 'api', '--port', '0'], {
    env: { ...process.env, CDI_LEDGER_URL: postgres.url, CDI_KEY: keys, CDI_LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<never>((_, reject) => {
    child.once('exit', (code) => reject(new Error(`The API ended with ${code ?? 'a signal'}.`)));
  });
  ended.catch(() => undefined);
  cleanup.defer(async () => {
    child.kill();
    await ended.catch(() => undefined);
  });
  const ready = new Promise<string>((resolve) => {
    let log = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      log += text;
      const [, found] = /"url":"([^"]+)","msg":"api ready"/.exec(log) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  return Promise.race([ready, ended]);
}

/** The n-th question: the routes in turn, over syncs and runs that no cache would hold together. */
async function ask(n: number): Promise<Answer> {
  const route = ROUTES[n % ROUTES.length] ?? ROUTES[0];
  const path = route
    .replace('{sync}', syncName((n * 7_919) % syncs))
    .replace('{run}', runId((n * 104_729) % runs));
  const due = performance.now();
  const { statusCode, body } = await request(`${url}${path}`, {
    dispatcher: agent,
    headers: { authorization },
  });
  await body.text();
  return { route, ms: performance.now() - due, isGood: statusCode === 200 };
}

async function askSteadily(): Promise<Answer[]> {
  const asked: Promise<Answer>[] = [];
  const began = performance.now();
  for (let n = 0; n < rate * seconds; n += 1) {
    const due = began + (n * 1_000) / rate;
    const early = due - performance.now();
    if (early > 0) await sleep(early);
    const late = performance.now() - due;
    asked.push(ask(n).then((answer) => ({ ...answer, ms: answer.ms + Math.max(0, late) })));
  }
  return Promise.all(asked);
}

function report(all: readonly Answer[]): void {
  const figures = { syncs, runs, rate, seconds, ...figuresOf(all) };
  for (const route of ROUTES) {
    const { p50Ms, p99Ms, maxMs } = figuresOf(all.filter((answer) => answer.route === route));
    process.stdout.write(`${route.padEnd(24)} p50 ${p50Ms} ms, p99 ${p99Ms} ms, longest ${maxMs} ms\n`);
  }
  process.stdout.write(`${JSON.stringify(figures)}\n`);
}

function figuresOf(answers: readonly Answer[]) {
  const times = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number): number =>
    Number((times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0).toFixed(1));
  return {
    requests: answers.length,
    failed: answers.filter(({ isGood }) => !isGood).length,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    p99Ms: at(0.99),
    maxMs: at(1),
  };
}
