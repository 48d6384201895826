/** What is shipped for containers, checked without any: by its schema, by a linter, and for what it promises. */
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { beforeAll, describe, expect, test } from 'vitest';
import { runProgram } from '../../../bench/run-program.ts';
import { parseWorkerSettings, workerEnvironmentSchema } from '../../../model/settings.ts';
import { workflowBundle } from '../../../worker/workflow-bundle.ts';
import { type ComposeService, composeFile } from '../../production/compose-file.ts';
import { SERVER_VERSION } from '../../production/temporal-server-programs.ts';
import { type InstalledPackages, pythonPackages } from '../../warehouses/python-packages.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const SCHEMA = 'check_jsonschema/builtin_schemas/vendor/compose-spec.json';
const ONE_SHOT = ['temporal-schema', 'temporal-namespace'];
const read = (name: string): Promise<string> => readFile(join(ROOT, name), 'utf8');

let packages: InstalledPackages;
let text: string;
let services: Readonly<Record<string, ComposeService>>;

beforeAll(async () => {
  const requirements = new URL('requirements.txt', import.meta.url);
  packages = await pythonPackages({ name: 'deployment-checks', requirements });
  text = await read('docker-compose.yml');
  ({ services } = await composeFile());
});

describe('docker-compose.yml', () => {
  test('keeps to the compose specification', async () => {
    const schema = JSON.parse(await readFile(join(packages.folder, SCHEMA), 'utf8')) as object;
    const validate = new Ajv2020({ strict: false, allErrors: true, logger: false }).compile(schema);
    const file = await composeFile();
    validate(file);
    expect(validate.errors).toBeNull();
    expect(validate({ ...file, services: { ...file.services, odd: { image: 1 } } })).toBe(false);
  });

  test('has no default for a secret: each is required, and listed in .env.example without a value', async () => {
    const example = await read('.env.example');
    for (const name of ['POSTGRES_PASSWORD', 'CDI_LEDGER_PASSWORD', 'TEMPORAL_DB_PASSWORD', 'CDI_KEY']) {
      const uses = text.match(new RegExp(`\\$\\{${name}[^}]*\\}`, 'g')) ?? [];
      expect(uses.length, name).toBeGreaterThan(0);
      for (const use of uses) expect(use).toBe(`\${${name}:?set it in .env}`);
      expect(example).toMatch(new RegExp(`^${name}=$`, 'm'));
    }
    const literal = /^\s*\w*(PASSWORD|PWD|SECRET\w*|KEY): +[^$\s]/;
    expect(text.split('\n').filter((line) => literal.test(line))).toEqual([]);
  });

  test('knows every variable of .env.example, and none besides that has no default', async () => {
    const used = new Map([...text.matchAll(/\$\{(\w+)(:[-?])?/g)].map(([, name, form]) => [name, form]));
    const listed = [...(await read('.env.example')).matchAll(/^#?(\w+)=/gm)].map(([, name]) => name);
    expect(listed.filter((name) => !used.has(name))).toEqual([]);
    expect([...used].filter(([, form]) => form === undefined)).toEqual([]);
  });

  test('hands on every setting of the worker, and lists it in .env.example', async () => {
    // The command line reads a key file, a container has its key itself.
    const elsewhere = ['CDI_KEY_FILE'];
    const settings = Object.keys(workerEnvironmentSchema.shape).filter((name) => !elsewhere.includes(name));
    const example = await read('.env.example');
    for (const name of settings) expect(text).toContain(`    ${name}: `);
    for (const name of settings.filter((each) => each !== 'CDI_LEDGER_URL'))
      expect(example).toMatch(new RegExp(`^#?${name}=`, 'm'));
  });

  test('pins every image, Temporal in the version that is tested', () => {
    for (const [name, { image }] of Object.entries(services))
      expect(image, name).toMatch(/:(\d+\.\d+(\.\d+)?(-\w+)?|\$\{CDI_VERSION:-\d+\.\d+\.\d+\})$/);
    for (const name of ['temporal', ...ONE_SHOT])
      expect(services[name]?.image.endsWith(`:${SERVER_VERSION}`), name).toBe(true);
  });

  test('watches everything that keeps running, and starts it again', () => {
    for (const [name, { healthcheck, restart, profiles }] of Object.entries(services)) {
      if (profiles) continue;
      if (ONE_SHOT.includes(name)) expect(restart, name).toMatch(/^on-failure/);
      else {
        expect(healthcheck?.test.length, name).toBeGreaterThan(1);
        expect(restart, name).toBe('unless-stopped');
      }
    }
  });

  test('opens ports to this host alone', () => {
    const ports = Object.values(services).flatMap((service) => service.ports ?? []);
    expect(ports.length).toBeGreaterThan(0);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('gives the programs of braze-cdi a read-only file system and no capabilities', () => {
    for (const name of ['worker', 'api', 'watch', 'cli'])
      expect(services[name], name).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        ulimits: { core: 0 },
      });
  });

  test('mounts and runs only what there is', async () => {
    const mounted = Object.values(services)
      .flatMap((service) => service.volumes ?? [])
      .map((volume) => volume.split(':')[0] ?? '')
      .filter((source) => source.startsWith('./'));
    expect(mounted.length).toBeGreaterThan(0);
    for (const source of mounted) expect(await read(source), source).not.toBe('');
    const run = Object.values(services)
      .flatMap((service) => [
        ...(service.entrypoint ?? []),
        ...(service.command ?? []),
        ...(service.healthcheck?.test ?? []),
      ])
      .filter((word) => /^[\w/]+\.ts$/.test(word));
    const programs = ['client/main.ts', 'worker/health.ts', 'worker/main.ts'];
    expect([...new Set(run)].toSorted()).toEqual(programs);
    for (const file of run) expect(await read(file), file).not.toBe('');
  });

  test('raises the three poll rates of Temporal', async () => {
    const rates = await read('deploy/compose/temporal-dynamic-config.yaml');
    for (const queue of ['transfer', 'timer', 'visibility'])
      expect(rates).toContain(`history.${queue}ProcessorMaxPollRPS:\n  - value: 2000`);
  });

  test('has scripts that a shell can read', async () => {
    const scripts = (await readdir(join(ROOT, 'deploy/compose'))).filter((name) => name.endsWith('.sh'));
    expect(scripts.length).toBe(3);
    for (const script of scripts) await runProgram('sh', ['-n', join(ROOT, 'deploy/compose', script)]);
  });
});

describe('Dockerfile', () => {
  test('has nothing that its linter minds', async () => {
    await runProgram(join(packages.folder, 'bin', 'hadolint'), [join(ROOT, 'Dockerfile')]);
  });

  test('has two stages, pinned, and ends as a user without rights', async () => {
    const lines = (await read('Dockerfile')).split('\n');
    const images = lines.filter((line) => line.startsWith('FROM '));
    expect(images.length).toBe(2);
    for (const image of images) expect(image).toMatch(/^FROM node:24\.\d+\.\d+-bookworm-slim( AS build)?$/);
    expect(lines.filter((line) => line.startsWith('USER ')).at(-1)).toBe('USER 1000:1000');
    expect(lines.findLastIndex((line) => line.startsWith('USER '))).toBeLessThan(
      lines.findIndex((line) => line.startsWith('ENTRYPOINT ')),
    );
  });

  test('makes ahead the very bundle that a worker with default settings looks for', async () => {
    expect(await read('Dockerfile')).toContain('worker/bundle-ahead.ts');
    const cache = join(ROOT, 'node_modules/.cache/braze-cdi');
    const { heartbeatTimeoutMs } = parseWorkerSettings({
      CDI_LEDGER_URL: 'postgresql://localhost/cdi',
      CDI_STAGING_URL: 'file:///var/lib/cdi/staging',
      CDI_KEY: 'unused',
    });
    await runProgram(process.execPath, [...process.execArgv, join(ROOT, 'worker/bundle-ahead.ts')]);
    const before = (await readdir(cache)).toSorted();
    const { code } = await workflowBundle({ heartbeatTimeoutMs, interceptors: [] });
    expect((await readdir(cache)).toSorted()).toEqual(before);
    expect(code).toContain('syncRun');
  });

  test('takes along every folder that the programs import, and no other', async () => {
    const taken = (await read('.dockerignore'))
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const needed = [
      ...['activities', 'api', 'client', 'metrics', 'model', 'notify', 'outbound', 'store'],
      ...['worker', 'workflows'],
    ];
    expect(taken.toSorted()).toEqual([...needed, 'package-lock.json', 'package.json'].toSorted());
    for (const folder of needed) {
      const files = await readdir(join(ROOT, folder), { recursive: true });
      for (const file of files.filter((name) => name.endsWith('.ts'))) {
        const path = join(ROOT, folder, file);
        const imports = (await readFile(path, 'utf8')).matchAll(/from '(\.[^']+)'/g);
        for (const [, imported = ''] of imports)
          expect(needed, path).toContain(relative(ROOT, resolve(dirname(path), imported)).split(sep)[0]);
      }
    }
  });
});
