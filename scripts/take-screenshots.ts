/**
 * Takes the pictures of the docs: runs the demo with a slow simulator, and photographs the Temporal UI meanwhile, with
 * the browser of the npm package @sparticuz/chromium (Linux). The pictures go to docs/images.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import chromium, { inflate, setupLambdaEnvironment } from '@sparticuz/chromium';
import { type Browser, chromium as playwright, type Page } from 'playwright-core';
import { runWorkflowId, scheduleId, type SEARCH_ATTRIBUTES } from '../model/names.ts';
import { Session } from '../client/session.ts';
import { sessionSettings } from '../client/settings.ts';
import { stopLeftovers } from '../client/up/stack.ts';
import { readUpFile } from '../client/up/up-file.ts';

const IMAGES = fileURLToPath(new URL('../docs/images/', import.meta.url));
const DEMO = fileURLToPath(new URL('../examples/demo/main.ts', import.meta.url));
const BROWSER_PARTS = new URL('../bin/', import.meta.resolve('@sparticuz/chromium'));

const SYNC = 'app-events';
/** The one that the demo runs last in each round. */
const LAST_SYNC = 'product-catalog';
/** Slow enough for a run to be met under way. */
const LATENCY_MS = '4000';
/** The second segment is under way once more are sent, and so the first is committed. */
const ROWS_OF_FIRST_SEGMENT = 10_000;
const PATIENCE_MS = 300_000;
/** What a page of the UI needs to draw itself to the end. */
const SETTLE_MS = 2_000;
const WIDTH = 1_600;

/** Columns of the list of workflows: a user of the UI chooses them in the settings of the table. */
const COLUMNS: readonly (
  keyof typeof SEARCH_ATTRIBUTES | 'Status' | 'Workflow ID' | 'Start' | 'Execution Duration'
)[] = [
  'Status',
  'Workflow ID',
  'SyncDataType',
  'SyncTrigger',
  'SyncOutcome',
  'RowsRejected',
  'Start',
  'Execution Duration',
];

await using cleanup = new AsyncDisposableStack();
const home = await mkdtemp(join(tmpdir(), 'cdi-screenshots-'));
cleanup.defer(() => rm(home, { recursive: true, force: true }));
const demoHome = join(home, 'demo');
const resultFile = join(home, 'result.json');
const demo = spawn(
  process.execPath,
  [DEMO, '--keep', '--latency', LATENCY_MS, '--home', demoHome, '--json', resultFile],
  { stdio: ['ignore', 'ignore', 'inherit'] },
);
const demoEnded = once(demo, 'exit');
cleanup.defer(async () => {
  demo.kill();
  await demoEnded;
  await stopLeftovers(demoHome, () => undefined);
});

const session = await openSession(demoHome);
cleanup.defer(() => session.close());
const browser = await launchBrowser();
cleanup.defer(() => browser.close());
const page = await openPage(browser);
const ui = `${session.settings.temporalUi ?? ''}/namespaces/${session.settings.namespace}`;
await mkdir(IMAGES, { recursive: true });

const run = await until('a run under way', async () => {
  const [latest] = await session.ledger.runs.ofSync(SYNC, 1);
  return latest && latest.counts.sent > ROWS_OF_FIRST_SEGMENT ? latest.id : undefined;
});
const runPage = `${ui}/workflows/${encodeURIComponent(runWorkflowId(SYNC))}/${run}`;
await picture('run-timeline', `${runPage}/timeline`, 'commitWatermark', 840);
await picture('run-details', `${runPage}/user-metadata`, 'Current Details', 720);

await until('the last run of the demo', async () =>
  (await session.ledger.runs.ofSync(LAST_SYNC, 2)).length === 2 ? true : undefined,
);
const onlyRuns = encodeURIComponent('WorkflowType="syncRun"');
await picture('runs', `${ui}/workflows?query=${onlyRuns}`, 'sync/user-deletes', 760);

await until('the end of the demo', async () => (existsSync(resultFile) ? true : undefined));
const { schedule } = await session.temporal();
for (const { name } of await session.ledger.definitions.syncs()) {
  await schedule.getHandle(scheduleId(name)).trigger();
}
await picture('schedules', `${ui}/schedules`, 'Upcoming Runs', 960);

/** Waits for the demo's installation. */
async function openSession(folder: string): Promise<Session> {
  await until('the demo', async () => ((await readUpFile(folder))?.state === 'ready' ? true : undefined));
  return new Session(await sessionSettings({}, folder));
}

async function launchBrowser(): Promise<Browser> {
  // The package brings the system libraries of its usual home too: the machine needs none.
  const libraries = await inflate(fileURLToPath(new URL('al2023.tar.br', BROWSER_PARTS)));
  setupLambdaEnvironment(join(libraries, 'lib'));
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [...chromium.args, '--disable-background-networking', '--disable-component-update'],
  });
}

async function openPage(browser: Browser): Promise<Page> {
  const context = await browser.newContext({
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  await context.addInitScript(([key, value]) => localStorage.setItem(key, value), [
    'namespace-workflow-table-columns',
    JSON.stringify({ default: COLUMNS.map((label) => ({ label })) }),
  ] as const);
  return context.newPage();
}

/** @param sign a text that the page shows once it is complete */
async function picture(name: string, url: string, sign: string, height: number): Promise<void> {
  await page.setViewportSize({ width: WIDTH, height });
  await page.goto(url);
  await page.getByText(sign).first().waitFor();
  await delay(SETTLE_MS);
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
  console.log(`docs/images/${name}.png`);
}

/** Asks until there is an answer. @throws Error where there is none in time, or the demo ended. */
async function until<T>(what: string, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (demo.exitCode !== null) throw new Error(`The demo ended while waiting for ${what}.`);
    if (Date.now() > deadline) throw new Error(`Waited too long for ${what}.`);
    await delay(200);
  }
}
