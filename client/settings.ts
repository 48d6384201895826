/** Where a command finds ledger, keys and Temporal: the environment, else the `cdi up` of the home folder. */
import { readFile } from 'node:fs/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { CommandError, EXIT } from './command-error.ts';
import type { SessionSettings } from './session.ts';
import { readUpFile } from './up/up-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param env the process's environment
 * @param home folder of `cdi up`
 * @throws CommandError `unreachable` where neither tells
 */
export async function sessionSettings(env: Environment, home: string): Promise<SessionSettings> {
  const up = await readUpFile(home);
  const ledgerUrl = env['CDI_LEDGER_URL'] ?? up?.postgresUrl;
  const keyFile = env['CDI_KEY_FILE'] ?? up?.keyFile;
  if (ledgerUrl === undefined) {
    throw new CommandError(
      EXIT.unreachable,
      `Nothing runs in ${home}. Start it with \`cdi up\`, or set CDI_LEDGER_URL, CDI_KEY_FILE and TEMPORAL_ADDRESS.`,
    );
  }
  const keys = env['CDI_KEY'] ?? (keyFile === undefined ? '' : await readFile(keyFile, 'utf8'));
  const config = loadClientConnectConfig();
  const fromEnvironment = env['TEMPORAL_ADDRESS'] !== undefined || env['TEMPORAL_PROFILE'] !== undefined;
  return {
    ledgerUrl,
    keys,
    connectionOptions: fromEnvironment || !up ? config.connectionOptions : { address: up.temporalAddress },
    namespace: (fromEnvironment ? config.namespace : up?.temporalNamespace) ?? 'default',
    queuePrefix: env['CDI_QUEUE_PREFIX'],
    temporalUi: env['CDI_TEMPORAL_UI'] ?? up?.uiUrl,
  };
}
