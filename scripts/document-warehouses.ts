/** Plays the conformance suite and writes its results into docs/warehouses.md. Fails where a check does. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WAREHOUSES } from '../model/warehouse-credentials.ts';
import type { PassedChecks } from '../test/support/warehouse-reporter.ts';
import { type Passed, renderPage } from '../test/warehouses/conformance/page.ts';

const root = join(import.meta.dirname, '..');
const PAGE = 'docs/warehouses.md';

async function play(resultFile: string): Promise<number> {
  const reporters = ['--reporter=default', '--reporter=./test/support/warehouse-reporter.ts'];
  const suites = WAREHOUSES.map((warehouse) => `test/warehouses/${warehouse}/conformance.test.ts`);
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', 'run', '--project', 'warehouses', ...reporters, ...suites],
    { cwd: root, stdio: 'inherit', env: { ...process.env, CDI_WAREHOUSE_RESULT: resultFile } },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}

const folder = await mkdtemp(join(tmpdir(), 'cdi-warehouses-'));
try {
  const resultFile = join(folder, 'result.json');
  process.exitCode = await play(resultFile);
  const passed = JSON.parse(await readFile(resultFile, 'utf8')) as PassedChecks;
  const sets = Object.fromEntries(WAREHOUSES.map((name) => [name, new Set(passed[name])]));
  await writeFile(join(root, PAGE), renderPage(sets as unknown as Passed));
  console.log(`${PAGE} written.`);
} finally {
  await rm(folder, { recursive: true, force: true });
}
