/**
 * All checks and all tests, with one closing line: `N passed, N failed`.
 * `--unit` leaves out what needs servers; `--faults` plays the faults alone, in their long form; `--warehouses` runs the
 * suite of the warehouses alone, `--production` the one on Temporal's production server; any other argument is a filter of
 * test files, and then only they run. Without any, all run but that last suite.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ready, root, runWith } from './bootstrap.mjs';
import { runChecks } from './checks.mjs';

const args = process.argv.slice(2);
const faultsOnly = args.includes('--faults');
const projects = ['unit', 'faults', 'warehouses', 'production'].filter((name) => args.includes(`--${name}`));
const filters = args.filter((arg) => !projects.some((name) => arg === `--${name}`));
/** Without a word of what to run: all but what stands on Temporal's production server, which has to be built. */
const usual = filters.length > 0 ? [] : ['unit', 'integration', 'faults', 'warehouses'];

const node = await ready();
const results = [await runTests()];
if (filters.length === 0 && (projects.length === 0 || projects.includes('unit')))
  results.unshift(await runChecks(node));

const total = (what) => results.reduce((sum, result) => sum + result[what], 0);
process.exitCode = total('failed') === 0 && total('passed') > 0 ? 0 : 1;
console.log(`${total('passed')} passed, ${total('failed')} failed`);

async function runTests() {
  const folder = mkdtempSync(join(tmpdir(), 'cdi-test-'));
  const resultFile = join(folder, 'result.json');
  const project = (projects.length > 0 ? projects : usual).flatMap((name) => ['--project', name]);
  const reporters = ['--reporter=default', '--reporter=./test/support/closing-line-reporter.ts'];
  const code = await runWith(
    node,
    'node_modules/vitest/vitest.mjs',
    ['run', ...project, ...reporters, ...filters],
    {
      cwd: root,
      env: {
        ...process.env,
        CDI_TEST_RESULT: resultFile,
        ...(faultsOnly ? { CDI_FAULT_SIZE: 'long' } : {}),
      },
    },
  );
  try {
    const { passed, failed } = JSON.parse(readFileSync(resultFile, 'utf8'));
    // A run can also fail as a whole: a server that does not start, no test at all.
    return { passed, failed: code !== 0 && failed === 0 ? 1 : failed };
  } catch {
    return { passed: 0, failed: 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
