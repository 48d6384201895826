/** The folder that holds everything of one `cdi up`: data, keys, logs. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { StartError } from '../embedded/start-error.ts';

export interface Home {
  readonly root: string;
  /** Held by the supervisor. */
  readonly lock: string;
  /** Tells other commands where things are. */
  readonly upFile: string;
  /** Keys of the secrets in the ledger and of staging. */
  readonly keyFile: string;
  readonly postgresData: string;
  readonly postgresPassword: string;
  readonly temporalDb: string;
  readonly staging: string;
  readonly logs: string;
}

/** @param root folder, such as `.cdi`; relative to the working directory. */
export function homeAt(root: string): Home {
  const at = (...names: string[]): string => resolve(root, ...names);
  return {
    root: at(),
    lock: at('lock'),
    upFile: at('up.json'),
    keyFile: at('key'),
    postgresData: at('postgres', 'data'),
    postgresPassword: at('postgres', 'password'),
    temporalDb: at('temporal', 'temporal.db'),
    staging: at('staging'),
    logs: at('logs'),
  };
}

export const LOG_PARTS = ['postgres', 'temporal', 'worker', 'api', 'watch', 'up'] as const;
export type LogPart = (typeof LOG_PARTS)[number];

/** The log of a part. */
export const logOf = (home: Home, part: LogPart): string => join(home.logs, `${part}.log`);

/** What PostgreSQL must be able to pass through when it may not run as the owner; no other user can list it. */
const PASSABLE = 0o711;
const PRIVATE = 0o700;

/** @throws StartError when a folder cannot be made. */
export async function createHome(root: string): Promise<Home> {
  const home = homeAt(root);
  try {
    for (const folder of [home.root, join(home.root, 'postgres')]) {
      await mkdir(folder, { recursive: true, mode: PASSABLE });
    }
    for (const folder of [join(home.root, 'temporal'), home.staging, home.logs]) {
      await mkdir(folder, { recursive: true, mode: PRIVATE });
    }
  } catch (error) {
    throw new StartError(
      `${home.root} cannot be used as the data folder (${(error as Error).message}): choose another with --home.`,
    );
  }
  return home;
}
