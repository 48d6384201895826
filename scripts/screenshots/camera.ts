/** Photographs pages of the Temporal UI, with the browser of the npm package @sparticuz/chromium (Linux). */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import chromium, { inflate, setupLambdaEnvironment } from '@sparticuz/chromium';
import { type Browser, chromium as playwright, type Page } from 'playwright-core';
import type { SEARCH_ATTRIBUTES } from '../../model/names.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
const BROWSER_PARTS = new URL('../bin/', import.meta.resolve('@sparticuz/chromium'));
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

export interface Picture {
  /** File name in docs/images, without its ending. */
  readonly name: string;
  readonly url: string;
  /** A text that the page shows once it is complete. */
  readonly sign: string;
  readonly height: number;
}

export interface Camera extends AsyncDisposable {
  readonly take: (picture: Picture) => Promise<void>;
}

export async function openCamera(): Promise<Camera> {
  await mkdir(IMAGES, { recursive: true });
  const browser = await launchBrowser();
  const page = await openPage(browser);
  return {
    take: async ({ name, url, sign, height }) => {
      await page.setViewportSize({ width: WIDTH, height });
      await page.goto(url);
      await page.getByText(sign).filter({ visible: true }).first().waitFor();
      await delay(SETTLE_MS);
      await page.screenshot({ path: join(IMAGES, `${name}.png`) });
      console.log(`docs/images/${name}.png`);
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
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
