/** What a running worker tells: its metrics, those that dashboard and rules ask for, its log lines, and its traces. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { claimPort } from '../../../client/embedded/claim-port.ts';
import type { RunRecord } from '../../../store/runs.ts';
import { type HttpSink, startHttpSink } from '../../support/http-sink.ts';
import { type Installation, type WorkerProcess, install } from '../../support/installation.ts';
import { runToEnd } from '../../support/run-to-end.ts';
import { EVENT_COLUMNS, createTable, instant } from '../../support/source-table.ts';

const DASHBOARD = new URL('../../../deploy/grafana/dashboard.json', import.meta.url);
const RULES = new URL('../../../deploy/prometheus/alerts.yml', import.meta.url);
const EMAIL = 'jane.doe@shop.example';

let installation: Installation;
let worker: WorkerProcess;
let sink: HttpSink;
let address: string;
const runs: RunRecord[] = [];
let scrape: string;

beforeAll(async () => {
  address = `127.0.0.1:${await claimPort(0, '')}`;
  sink = await startHttpSink();
  installation = await install('metrics');
  Object.assign(installation.environment, {
    CDI_METRICS_ADDRESS: address,
    CDI_OTLP_URL: `http://127.0.0.1:${sink.port}`,
  });
  worker = await installation.startWorker();
  const { source, session } = installation;
  await createTable(source, 'counted', EVENT_COLUMNS, [
    { updated_at: instant(1), external_id: 'customer-4711', payload: `{"email":"${EMAIL}"}` },
    { updated_at: instant(2), external_id: 'customer-4712', payload: 'no json' },
  ]);
  await installation.declare({ name: 'counted', table: 'counted', data_type: 'attributes' });
  await installation.declare({ name: 'missing', table: 'missing', data_type: 'attributes' });
  runs.push(await runToEnd(session, 'counted'), await runToEnd(session, 'missing'));
  const answer = await fetch(`http://${address}/metrics`);
  expect(answer.status).toBe(200);
  scrape = await answer.text();
});

afterAll(async () => {
  await installation[Symbol.asyncDispose]();
  await sink[Symbol.asyncDispose]();
});

/** The value of a sample, by its name with labels in alphabetical order as they are told. */
function value(sample: string): number | undefined {
  const found = scrape.split('\n').find((line) => line.startsWith(`${sample} `));
  return found === undefined ? undefined : Number(found.slice(sample.length + 1));
}

test('counts rows, requests and runs as they were', () => {
  expect(runs.map(({ status }) => status)).toEqual(['partial', 'config_error']);
  expect(value('cdi_rows_read_total{sync="counted"}')).toBe(2);
  expect(value('cdi_rows_sent_total{sync="counted"}')).toBe(1);
  expect(value('cdi_rows_rejected_total{sync="counted",reason="payload_not_json"}')).toBe(1);
  expect(value('cdi_requests_total{workspace="main",family="track",status="201"}')).toBe(1);
  expect(value('cdi_rate_budget_wait_seconds_total{workspace="main",family="track"}')).toBeGreaterThanOrEqual(
    0,
  );
  expect(value('cdi_run_seconds_count{sync="counted",status="partial"}')).toBe(1);
  expect(value('cdi_run_seconds_count{sync="missing",status="config_error"}')).toBe(1);
  expect(value('cdi_ledger_up')).toBe(1);
  expect(value('cdi_incidents_open{kind="failed:table_missing"}')).toBe(1);
  expect(value('cdi_watermark_lag_seconds{sync="counted"}')).toBeLessThan(600);
  expect(value('cdi_watermark_lag_seconds{sync="missing"}')).toBeUndefined();
});

test('holds no value of a row', () => {
  for (const secret of [EMAIL, 'jane', 'customer-4711', 'no json', 'sim-key'])
    expect(scrape).not.toContain(secret);
});

test('has every metric that the dashboard and the alert rules ask for', async () => {
  const dashboard = JSON.parse(await readFile(DASHBOARD, 'utf8')) as {
    panels: { targets: { expr: string }[] }[];
  };
  const rules = parse(await readFile(RULES, 'utf8')) as { groups: { rules: { expr: string }[] }[] };
  const expressions = [
    ...dashboard.panels.flatMap(({ targets }) => targets),
    ...rules.groups.flatMap((group) => group.rules),
  ].map(({ expr }) => expr);
  const names = new Set(
    expressions.flatMap((expr) => expr.match(/\b(cdi|temporal|process|nodejs)_\w+/g) ?? []),
  );
  expect(names.size).toBeGreaterThan(12);
  const told = new Set(scrape.split('\n').flatMap((line) => /^([a-z_0-9]+)[{ ]/.exec(line)?.[1] ?? []));
  expect([...names].filter((name) => !told.has(name))).toEqual([]);
});

test('answers nothing but metrics', async () => {
  expect((await fetch(`http://${address}/`)).status).toBe(404);
  expect((await fetch(`http://${address}/metrics`, { method: 'POST' })).status).toBe(404);
});

test('logs sync and run on every line of a run', () => {
  const lines = worker
    .log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const [, gone] = runs;
  const failed = lines.filter((line) => line['activity'] === 'testConnection' || line['msg'] === 'run ended');
  expect(failed.length).toBeGreaterThanOrEqual(3);
  for (const line of failed)
    expect(line).toMatchObject({ sync: expect.any(String) as string, run: expect.any(String) as string });
  expect(failed).toContainEqual(
    expect.objectContaining({
      activity: 'testConnection',
      sync: 'missing',
      run: gone?.id,
      type: 'table_missing',
    }),
  );
  for (const line of lines) {
    if ('workflowId' in line && String(line['workflowId']).startsWith('sync/')) {
      expect(line).toMatchObject({ sync: expect.any(String) as string, run: expect.any(String) as string });
    }
  }
});

test('sends traces of runs and steps to the receiver that is set, without a value of a row', async () => {
  const spans = (): string => sink.posted.map(({ body }) => body).join('\n');
  for (const span of ['RunWorkflow:syncRun', 'StartActivity:upload', 'RunActivity:upload']) {
    await expect.poll(spans, { timeout: 60_000 }).toContain(span);
  }
  expect(sink.posted.every(({ path }) => path === '/v1/traces')).toBe(true);
  for (const secret of [EMAIL, 'customer-4711', 'sim-key']) expect(spans()).not.toContain(secret);
});
