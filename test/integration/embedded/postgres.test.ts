import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFile,
  chown,
  cp,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { linkLibraries, postgresBinaries } from '../../../client/embedded/postgres-binaries.ts';
import {
  startPostgres,
  type PostgresOptions,
  type RunningPostgres,
} from '../../../client/embedded/postgres.ts';
import { isRunning } from '../../../client/embedded/process-identity.ts';
import { StartError } from '../../../client/embedded/start-error.ts';
import { runAs, unprivilegedAccount } from '../../../client/embedded/unprivileged.ts';

/** Only its owner may enter it, like a checkout made under `mktemp -d`; for root, PostgreSQL is another user. */
let folder: string;
let dataDir: string;
let started: RunningPostgres[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cdi-postgres-'));
  dataDir = join(folder, 'home', 'data');
  started = [];
});

afterEach(async () => {
  for (const server of started) await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(options: Partial<PostgresOptions> = {}): Promise<RunningPostgres> {
  const server = await startPostgres({
    dataDir,
    port: 0,
    user: 'cdi',
    password: 'p@ss/word',
    log: join(folder, 'postgres.log'),
    settings: { fsync: 'off' },
    ...options,
  });
  started.push(server);
  return server;
}

async function query<Row extends object>(url: string, text: string): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query<Row>(text)).rows;
  } finally {
    await client.end();
  }
}

/** Starts, leaves a table behind, and stops. */
async function makeData(): Promise<void> {
  const server = await start();
  await query(server.url, 'create table kept as select 7 as n');
  await server.stop();
}

const keptRows = (server: RunningPostgres): Promise<object[]> => query(server.url, 'select n from kept');

describe('a start', () => {
  test('makes the data once; the next one finds everything again', async () => {
    await makeData();
    expect(await keptRows(await start())).toEqual([{ n: 7 }]);
  });

  test('gives PostgreSQL 18 with UTF-8 in the database asked for, on 127.0.0.1 alone', async () => {
    const server = await start({ database: 'ledger "1"' });
    expect(
      await query(
        server.url,
        `select current_database() as database, current_setting('server_version_num')::int / 10000 as version,
           current_setting('server_encoding') as encoding, current_setting('listen_addresses') as addresses,
           current_setting('unix_socket_directories') as sockets, lower('Ä') as lower`,
      ),
    ).toEqual([
      {
        database: 'ledger "1"',
        version: 18,
        encoding: 'UTF8',
        addresses: '127.0.0.1',
        sockets: '',
        lower: 'ä',
      },
    ]);
  });

  test('never runs it as root', async () => {
    await start();
    expect((await stat(dataDir)).uid).not.toBe(0);
  });

  test('survives a start that was killed while it made the data', async () => {
    await mkdir(`${dataDir}.new`, { recursive: true });
    await writeFile(join(`${dataDir}.new`, 'PG_VERSION'), '18\n');
    expect(await query((await start()).url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(await readdir(dirname(dataDir))).toEqual(['data']);
  });

  test('keeps row values out of the log', async () => {
    const server = await start();
    await query(server.url, 'create table people (email text primary key)');
    const insert = "insert into people values ('ada@example.com')";
    await query(server.url, insert);
    await expect(query(server.url, insert)).rejects.toThrow('duplicate key');
    await server.stop();
    const log = await readFile(join(folder, 'postgres.log'), 'utf8');
    expect(log).toContain('duplicate key');
    expect(log).not.toContain('ada@example.com');
  });
});

describe('after a killed supervisor', () => {
  test('a server that still runs is stopped and started again', async () => {
    const left = await start();
    await query(left.url, 'create table kept as select 7 as n');
    const server = await start();
    expect(await isRunning(left)).toBe(false);
    expect(await keptRows(server)).toEqual([{ n: 7 }]);
  });

  test('the id in postmaster.pid may belong to another program of the same user', async () => {
    await makeData();
    const { uid, gid } = await stat(dataDir);
    const other = spawn('sleep', ['60'], process.getuid?.() === 0 ? { uid, gid } : {});
    try {
      const pidFile = join(dataDir, 'postmaster.pid');
      await writeFile(pidFile, `${String(other.pid)}\n${dataDir}\n0\n5432\n\n127.0.0.1\n`);
      expect(await keptRows(await start())).toEqual([{ n: 7 }]);
      expect(other.exitCode).toBe(null);
    } finally {
      other.kill('SIGKILL');
    }
  });

  test('a killed server whose last query still runs is waited for', async () => {
    await makeData();
    const server = await start();
    const busy = `do $$ declare until timestamptz := clock_timestamp() + interval '2 s';
      begin while clock_timestamp() < until loop null; end loop; end $$`;
    const busyQuery = query(server.url, busy);
    await expect
      .poll(() => query(server.url, `select 1 from pg_stat_activity where query like 'do %'`))
      .toHaveLength(1);
    process.kill(server.pid, 'SIGKILL');
    await server.exited;
    expect(await keptRows(await start())).toEqual([{ n: 7 }]);
    await busyQuery;
  });
});

describe('a clear answer', () => {
  async function refusal(options: Partial<PostgresOptions> = {}): Promise<string> {
    const error: unknown = await start(options).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartError);
    return (error as StartError).message;
  }

  test('to a port in use names it and the way out', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      expect(await refusal({ port, portRemedy: 'take another' })).toBe(
        `Port ${port} is in use by another program: take another.`,
      );
    } finally {
      other.close();
    }
  });

  test('to a folder that is not PostgreSQL data leaves it as it is', async () => {
    await mkdir(dataDir, { recursive: true });
    await writeFile(join(dataDir, 'thesis.txt'), 'mine');
    expect(await refusal()).toContain(`The data folder ${dataDir} is broken`);
    expect(await readFile(join(dataDir, 'thesis.txt'), 'utf8')).toBe('mine');
  });

  test('to data of another version names both', async () => {
    await makeData();
    await writeFile(join(dataDir, 'PG_VERSION'), '16\n');
    expect(await refusal()).toContain('belongs to PostgreSQL 16, this is 18');
  });

  test('to damaged data holds what PostgreSQL says of it', async () => {
    await makeData();
    await rm(join(dataDir, 'global', 'pg_control'));
    expect(await refusal()).toMatch(/PostgreSQL did not start[^]*postgres\.log ends with:[^]*pg_control/);
  });

  test('to settings that the user has broken holds what PostgreSQL says of them', async () => {
    await makeData();
    await appendFile(join(dataDir, 'postgresql.conf'), 'max_wal_size = lots\n');
    expect(await refusal()).toContain('max_wal_size');
  });

  test('to another password than that of the first start', async () => {
    await makeData();
    expect(await refusal({ password: 'other' })).toContain('made with another user or password');
  });
});

describe('the programs', () => {
  test('run though npm made no links to their libraries, and only the owner may enter their folder', async () => {
    const { postgres } = await postgresBinaries();
    const root = join(folder, 'package');
    await cp(dirname(dirname(postgres)), join(root, 'native'), {
      recursive: true,
      filter: async (source) => !(await lstat(source)).isSymbolicLink(),
    });
    const data = join(folder, 'data');
    await mkdir(data);
    const account = await unprivilegedAccount(data);
    if (account !== undefined) await chown(data, account.uid, account.gid);

    const program = join(root, 'native/bin/postgres');
    const version = async (): Promise<string> => {
      const { prefix, ids } = await runAs(account, program, data);
      const [command, ...args] = [...prefix, program, '--version'];
      return (await promisify(execFile)(command, args, ids)).stdout;
    };
    await expect(version()).rejects.toThrow();
    await linkLibraries(root);
    expect(await version()).toContain('(PostgreSQL) 18');
  });
});
