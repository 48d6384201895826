/** A real browser, of the npm package @sparticuz/chromium (Linux). */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import chromium, { inflate, setupLambdaEnvironment } from '@sparticuz/chromium';
import { type Browser, chromium as playwright } from 'playwright-core';

const BROWSER_PARTS = new URL('../bin/', import.meta.resolve('@sparticuz/chromium'));

export async function launchBrowser(): Promise<Browser> {
  // The package brings the system libraries of its usual home too: the machine needs none.
  const libraries = await inflate(fileURLToPath(new URL('al2023.tar.br', BROWSER_PARTS)));
  setupLambdaEnvironment(join(libraries, 'lib'));
  return playwright.launch({
    executablePath: await chromium.executablePath(),
    args: [
      // In a single process, the browser ends with its first page.
      ...chromium.args.filter((argument) => argument !== '--single-process'),
      '--disable-background-networking',
      '--disable-component-update',
    ],
  });
}
