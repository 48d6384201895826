/** Temporal's production server on PostgreSQL, set up by what docker-compose.yml runs in its containers. */
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { runProgram } from '../../bench/run-program.ts';
import { LOCALHOST, claimPort } from '../../client/embedded/claim-port.ts';
import { sizeOfLog } from '../../client/embedded/log-file.ts';
import { type ServerProcess, launch, stopProcess, untilReady } from '../../client/embedded/server-process.ts';
import { cacheFolder, temporalCli } from '../../client/embedded/temporal-cli.ts';
import { composeFile } from './compose-file.ts';
import { temporalServerPrograms } from './temporal-server-programs.ts';

const FOLDER = new URL('../../deploy/compose/', import.meta.url);
const inFolder = (name: string): string => fileURLToPath(new URL(name, FOLDER));
const SERVICES = ['FRONTEND', 'HISTORY', 'MATCHING', 'WORKER', 'INTERNAL_FRONTEND'];
const START_TIMEOUT_MS = 180_000;

export interface TemporalProduction extends AsyncDisposable {
  readonly address: string;
  /** Ends the server without a chance to tidy up, and starts it again. */
  restart(): Promise<void>;
}

/**
 * @param postgresUrl a superuser's
 * @param folder for programs and logs, empty
 * @param ledgerPassword of the role `cdi`
 */
export async function startTemporalProduction(
  postgresUrl: string,
  folder: string,
  ledgerPassword: string,
  say: (line: string) => void,
): Promise<TemporalProduction> {
  const { services } = await composeFile();
  const { folder: programs } = await temporalServerPrograms(say);
  const path = await pathWithPrograms(programs, folder, say);
  const temporalPassword = 'not-a-secret';
  await createRoles(postgresUrl, { ledger_password: ledgerPassword, temporal_password: temporalPassword });

  // Temporal's table of its members is made for ports of 15 bits, as these are.
  const frontend = await claimPort(0, '');
  const address = `${LOCALHOST}:${frontend}`;
  const environment: Record<string, string | undefined> = {
    ...process.env,
    ...texts(services['temporal']?.environment),
    PATH: path,
    POSTGRES_SEEDS: LOCALHOST,
    DB_PORT: new URL(postgresUrl).port,
    POSTGRES_PWD: temporalPassword,
    BIND_ON_IP: LOCALHOST,
    DYNAMIC_CONFIG_FILE_PATH: inFolder('temporal-dynamic-config.yaml'),
    TEMPORAL_ADDRESS: address,
    TEMPORAL_NAMESPACE: 'default',
    RETENTION: '24h',
  };
  for (const service of SERVICES) {
    environment[`${service}_GRPC_PORT`] = String(service === 'FRONTEND' ? frontend : await claimPort(0, ''));
    environment[`${service}_MEMBERSHIP_PORT`] = String(await claimPort(0, ''));
    environment[`${service}_HTTP_PORT`] = String(await claimPort(0, ''));
  }
  const script = (name: string): Promise<string> => runProgram('sh', [inFolder(name)], { env: environment });
  // They run at every start of the compose file.
  for (let time = 0; time < 2; time += 1) await script('temporal-schema.sh');

  const log = join(folder, 'temporal.log');
  const start = async (): Promise<ServerProcess> => {
    const logOffset = await sizeOfLog(log);
    const server = await launch({
      command: join(programs, 'temporal-server'),
      args: ['--allow-no-auth', 'start'],
      log,
      cwd: folder,
      env: environment,
    });
    await untilReady(server, {
      what: 'The Temporal server',
      log,
      logOffset,
      timeoutMs: START_TIMEOUT_MS,
      ready: () =>
        runProgram('temporal', ['operator', 'cluster', 'health'], { env: environment }).then(
          () => true,
          () => false,
        ),
    });
    return server;
  };
  let server = await start();
  const stop = (): Promise<void> => stopProcess(server, [['SIGKILL', 10_000]]);
  try {
    for (let time = 0; time < 2; time += 1) await script('temporal-namespace.sh');
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address,
    restart: async () => {
      await stop();
      server = await start();
    },
    [Symbol.asyncDispose]: stop,
  };
}

const texts = (values: Readonly<Record<string, string | number>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, String(value)]));

/** The images have the programs and Temporal's command line on their path. */
async function pathWithPrograms(
  programs: string,
  folder: string,
  say: (line: string) => void,
): Promise<string> {
  const cli = await temporalCli({
    path: process.env['TEMPORAL_CLI_PATH'],
    cacheFolder: cacheFolder(process.env),
    say,
  });
  const links = join(folder, 'bin');
  await mkdir(links);
  if (cli.path !== 'temporal') await symlink(cli.path, join(links, 'temporal'));
  return [links, programs, process.env['PATH'] ?? ''].join(delimiter);
}

/** The statements of create-databases.sh, which PostgreSQL's image runs at its first start. */
async function createRoles(postgresUrl: string, passwords: Readonly<Record<string, string>>): Promise<void> {
  const text = await readFile(inFolder('create-databases.sh'), 'utf8');
  const statements = /<<'SQL'\n(.*)^SQL$/ms.exec(text)?.[1] ?? '';
  const admin = new pg.Client({ connectionString: postgresUrl });
  await admin.connect();
  try {
    for (const statement of statements.split(';').filter((part) => part.trim() !== ''))
      await admin.query(
        statement.replaceAll(/:'(\w+)'/g, (_match, name: string) => pg.escapeLiteral(passwords[name] ?? '')),
      );
  } finally {
    await admin.end();
  }
}
