/**
 * Mutation tests of `model/`: changes the code in one place after another, and shows the changes that no test notices.
 * Arguments are the files to change, instead of all: `npm run test:mutation -- model/cron.ts`.
 *
 * Stryker, which does this, is installed at the first start into `.cdi/`: few need it, and it is larger than most of
 * what all need.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { join } from 'node:path';
import { ready, root, runWith } from './bootstrap.mjs';

const VERSION = '10.1.1';
const PACKAGES = ['core', 'vitest-runner'].map((name) => `@stryker-mutator/${name}@${VERSION}`);
const folder = join('.cdi', `stryker-${VERSION}`);
const modules = join(folder, 'node_modules');

const node = await ready();
// npm writes this note last.
if (!existsSync(join(root, modules, '.package-lock.json'))) install();
// It keeps a processor busy for a long time; whatever else runs here goes first.
setPriority(constants.priority.PRIORITY_LOW);
const files = process.argv.slice(2);
process.exitCode = await runWith(
  node,
  join(modules, '@stryker-mutator', 'core', 'bin', 'stryker.js'),
  ['run', 'stryker.config.mjs', ...(files.length > 0 ? ['--mutate', files.join(',')] : [])],
  { cwd: root },
);

/** Leaves out the peers: the vitest of the project lies in a folder above, and is found there. */
function install() {
  console.error(`Installing Stryker ${VERSION} (once) …`);
  mkdirSync(join(root, '.cdi'), { recursive: true, mode: 0o711 });
  mkdirSync(join(root, folder), { recursive: true });
  const flags = ['--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status } = spawnSync('npm', ['install', '--prefix', join(root, folder), ...flags, ...PACKAGES], {
    cwd: join(root, folder),
    stdio: 'inherit',
  });
  if (status === 0) return;
  console.error('Stryker could not be installed: see above, then start again.');
  process.exit(1);
}
