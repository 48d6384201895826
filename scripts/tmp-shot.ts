import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';
const ui = process.argv[2] ?? '';
const browser = await playwright.launch({ executablePath: await chromium.executablePath(), args: [...chromium.args, '--disable-background-networking'], headless: true });
const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
let n = 0;
for (const path of process.argv.slice(3)) {
  await page.goto(ui + path, { waitUntil: 'networkidle' }).catch((e) => console.log(String(e).slice(0, 200)));
  await new Promise((r) => setTimeout(r, 2500));
  await page.screenshot({ path: `/tmp/docs/shot${n++}.png` });
}
console.log(JSON.stringify(await page.evaluate(() => ({ ...localStorage }))));
await browser.close();
