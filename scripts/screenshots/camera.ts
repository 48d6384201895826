/** Photographs pages of the Temporal UI and of the status page. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import type { SEARCH_ATTRIBUTES } from '../../model/names.ts';
import { launchBrowser } from '../../test/support/browser.ts';

const IMAGES = fileURLToPath(new URL('../../docs/images/', import.meta.url));
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
  /** Default: that of the Temporal UI */
  readonly width?: number;
}

export interface Camera extends AsyncDisposable {
  readonly take: (picture: Picture) => Promise<void>;
  /** Opens a session of the status page. */
  readonly signIn: (api: string, key: string) => Promise<void>;
}

export async function openCamera(): Promise<Camera> {
  await mkdir(IMAGES, { recursive: true });
  const browser = await launchBrowser();
  const page = await openPage(browser);
  return {
    signIn: async (api, key) => {
      await page.goto(`${api}/login`);
      await page.getByLabel('API key').fill(key);
      await page.getByRole('button', { name: 'Sign in' }).click();
    },
    take: async ({ name, url, sign, height, width = WIDTH }) => {
      await page.setViewportSize({ width, height });
      await page.goto(url);
      await page.getByText(sign).filter({ visible: true }).first().waitFor();
      await delay(SETTLE_MS);
      await page.screenshot({ path: join(IMAGES, `${name}.png`) });
      console.log(`docs/images/${name}.png`);
    },
    [Symbol.asyncDispose]: () => browser.close(),
  };
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
