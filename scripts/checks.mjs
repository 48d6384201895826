/** What is checked of the code without running it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root, runWith } from './bootstrap.mjs';

const CHECKS = [
  { name: 'types', file: 'node_modules/typescript/bin/tsc', args: ['--noEmit', '-p', '.'] },
  { name: 'lint', file: 'node_modules/eslint/bin/eslint.js', args: ['.'] },
  {
    name: 'format',
    file: 'node_modules/prettier/bin/prettier.cjs',
    args: ['--check', '--log-level=warn', '.'],
  },
  { name: 'docs', file: 'scripts/generate-docs.ts', args: ['--check'] },
];

/**
 * Runs every check, also after one failed.
 * @param {string} node a Node that runs TypeScript.
 * @returns {Promise<{passed: number, failed: number}>}
 */
export async function runChecks(node) {
  let passed = 0;
  const checks = CHECKS.filter(({ file }) => existsSync(join(root, file)));
  for (const { name, file, args } of checks) {
    const succeeded = (await runWith(node, file, args, { cwd: root })) === 0;
    console.log(`${succeeded ? '✓' : '✗'} ${name}`);
    if (succeeded) passed += 1;
  }
  return { passed, failed: checks.length - passed };
}
