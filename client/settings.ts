/** Where a command finds ledger, keys and Temporal: the environment, else the `cdi up` of the home folder. */
import { readFile } from 'node:fs/promises';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { parseEgress } from '../model/egress.ts';
import { CommandError, EXIT } from './command-error.ts';
import type { SessionSettings } from './session.ts';
import { readUpFile } from './up/up-file.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param env the process's environment; an empty variable counts as not set
 * @param home folder of `cdi up`
 * @throws CommandError `unreachable` where neither tells, `usage` where a setting is wrong
 */
export async function sessionSettings(env: Environment, home: string): Promise<SessionSettings> {
  const given = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => Boolean(entry[1])),
  );
  const up = await readUpFile(home);
  const ledgerUrl = given['CDI_LEDGER_URL'] ?? up?.postgresUrl;
  if (ledgerUrl === undefined) {
    throw new CommandError(
      EXIT.unreachable,
      `Nothing runs in ${home}. Start it with \`cdi up\`, or set CDI_LEDGER_URL, CDI_KEY_FILE and TEMPORAL_ADDRESS.`,
    );
  }
  if (!/^postgres(ql)?:/.test(ledgerUrl) || !URL.canParse(ledgerUrl)) {
    throw new CommandError(
      EXIT.usage,
      'CDI_LEDGER_URL is no URL such as postgresql://user:password@host:port/database.',
    );
  }
  const keyFile = given['CDI_KEY_FILE'] ?? up?.keyFile;
  const ownTemporal = !up || 'TEMPORAL_ADDRESS' in given || 'TEMPORAL_PROFILE' in given;
  const temporal = ownTemporal
    ? loadClientConnectConfig({ overrideEnvVars: given })
    : { connectionOptions: { address: up.temporalAddress }, namespace: up.temporalNamespace };
  return {
    ledgerUrl,
    keys: given['CDI_KEY'] ?? (await keysOf(keyFile)),
    keyFile: given['CDI_KEY'] === undefined ? keyFile : undefined,
    connectionOptions: temporal.connectionOptions,
    namespace: temporal.namespace ?? 'default',
    queuePrefix: given['CDI_QUEUE_PREFIX'],
    temporalUi: given['CDI_TEMPORAL_UI'] ?? up?.uiUrl,
    egress: egressSetting(env),
  };
}

/** @returns empty where the addresses are not known @throws CommandError `usage` */
export function egressSetting(env: Environment): string[] {
  const text = env['CDI_EGRESS_ADDRESSES'];
  if (!text) return [];
  const addresses = parseEgress(text);
  if (addresses) return addresses;
  throw new CommandError(
    EXIT.usage,
    'CDI_EGRESS_ADDRESSES is no list of IP addresses or ranges such as 203.0.113.7,203.0.113.16/28.',
  );
}

/** @returns undefined where it is not set @throws CommandError `usage` */
export function apiPortSetting(env: Environment): number | undefined {
  const text = env['CDI_API_PORT'];
  if (!text) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  // Kubernetes makes such variables for each Service, of its name: `cdi-api` gives this one.
  const hint = text.includes('://')
    ? ' Kubernetes sets it unless the pod says `enableServiceLinks: false`.'
    : '';
  throw new CommandError(EXIT.usage, `CDI_API_PORT is no port.${hint}`);
}

async function keysOf(file: string | undefined): Promise<string> {
  if (file === undefined) return '';
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    throw new CommandError(
      EXIT.usage,
      `The key file ${file} cannot be read${code}. Set CDI_KEY_FILE or CDI_KEY.`,
    );
  }
}
