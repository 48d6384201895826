/** Workflow code must replay what its deployed predecessor recorded; see scripts/record-histories.ts. */
import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type WorkflowBundleWithSourceMap, Worker, bundleWorkflowCode } from '@temporalio/worker';
import { beforeAll, expect, test } from 'vitest';
import { TRACED_WORKFLOWS } from '../../../worker/traces.ts';
import { REPLAY_SHAPES } from '../../replay/shapes.ts';

const FOLDER = new URL('../../replay/', import.meta.url);

const WORKFLOWS = new URL('../../../workflows/index.ts', import.meta.url).pathname;
const SILENT = {
  log: () => undefined,
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

let workflowBundle: WorkflowBundleWithSourceMap;

beforeAll(async () => {
  workflowBundle = await bundleWorkflowCode({ workflowsPath: WORKFLOWS, logger: SILENT });
}, 60_000);

async function history(shape: string): Promise<{ events: Record<string, unknown>[] }> {
  return JSON.parse(await readFile(new URL(`${shape}.json`, FOLDER), 'utf8')) as {
    events: Record<string, unknown>[];
  };
}

/** A run checks that it lives under its own id. */
function workflowId({ events }: { events: Record<string, unknown>[] }): string {
  const started = events[0]?.['workflowExecutionStartedEventAttributes'] as
    { workflowId?: string } | undefined;
  return started?.workflowId ?? '';
}

test('every fixture belongs to a known shape', async () => {
  const files = (await readdir(FOLDER))
    .filter((name) => name.endsWith('.json'))
    .map((name) => name.replace('.json', ''));
  expect(files.sort()).toEqual([...REPLAY_SHAPES].sort());
});

test.each(REPLAY_SHAPES)('%s replays', { timeout: 60_000 }, async (shape) => {
  const recorded = await history(shape);
  await Worker.runReplayHistory({ workflowBundle }, recorded, workflowId(recorded));
});

/** Traces are an option of the worker: turning it on or off must not break a run that is under way. */
test('runs replay with the interceptors of traces', { timeout: 120_000 }, async () => {
  const traced = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    workflowInterceptorModules: [fileURLToPath(import.meta.resolve(TRACED_WORKFLOWS))],
    logger: SILENT,
  });
  const sinks = { exporter: { export: { fn: () => undefined, callDuringReplay: false } } };
  for (const shape of [
    'small',
    'partial',
    'failed',
    'scheduled',
    'continued-first',
    'held-approved',
  ] as const) {
    const recorded = await history(shape);
    await Worker.runReplayHistory({ workflowBundle: traced, sinks }, recorded, workflowId(recorded));
  }
});

test('what ends a run for a reason is fenced by the server', async () => {
  const { events } = await history('failed');
  const scheduled = events.map(
    (event) =>
      (event['activityTaskScheduledEventAttributes'] as { activityType?: { name: string } } | undefined)
        ?.activityType?.name,
  );
  expect(scheduled).toContain('failRun');
});

test('a history that the code does not make is noticed', { timeout: 60_000 }, async () => {
  const recorded = await history('small');
  const events = recorded.events.map((event) => {
    const attributes = event['activityTaskScheduledEventAttributes'] as
      { activityType?: { name: string } } | undefined;
    return attributes?.activityType?.name === 'validate'
      ? {
          ...event,
          activityTaskScheduledEventAttributes: { ...attributes, activityType: { name: 'upload' } },
        }
      : event;
  });
  await expect(Worker.runReplayHistory({ workflowBundle }, { events }, workflowId(recorded))).rejects.toThrow(
    /nondeterminism|determinis/i,
  );
});
