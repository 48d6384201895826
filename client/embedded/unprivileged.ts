/** PostgreSQL refuses to run as root; these find an account for it, and a way to reach its files from there. */
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { StartError } from './start-error.ts';

const run = promisify(execFile);

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** How to start a program as an account: a command that goes before it, or the ids to spawn it with. */
export interface RunAs {
  readonly prefix: readonly string[];
  readonly ids: Partial<Account>;
}

/**
 * The account PostgreSQL runs as.
 * @param folder an existing data folder keeps its owner.
 * @returns undefined unless this process is root.
 * @throws StartError when there is no account but root.
 */
export async function unprivilegedAccount(folder: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const owner = await stat(folder).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  for (const user of ['postgres', 'nobody']) {
    const uid = await numericId('-u', user);
    const gid = await numericId('-g', user);
    if (uid !== undefined && gid !== undefined) return { uid, gid };
  }
  throw new StartError('PostgreSQL refuses to run as root: add a user for it with `useradd postgres`.');
}

/** The bits that set aside the rule that access(2), which PostgreSQL asks, ignores capabilities of other users than root. */
const KEEP_FOR_ACCESS_CHECK = '--securebits=+no_setuid_fixup';

/**
 * How to run a program as an account. The way to program and data may lead through folders that only root may enter
 * (a checkout below /root, or made by `mktemp -d`); then the program keeps one capability of root, the weakest that
 * this system offers: to read everything, else (the usual containers) to ignore file permissions.
 * @param account undefined for the present user.
 * @param program started once with `--version`, as a trial.
 * @param folder must be writable for the account.
 * @throws StartError when no way works.
 */
export async function runAs(account: Account | undefined, program: string, folder: string): Promise<RunAs> {
  if (account === undefined) return { prefix: [], ids: {} };
  const ways: RunAs[] = [
    { prefix: [], ids: account },
    ...['dac_read_search', 'dac_override'].map((capability) => ({
      prefix: [
        'setpriv',
        `--reuid=${account.uid}`,
        `--regid=${account.gid}`,
        '--clear-groups',
        `--inh-caps=+${capability}`,
        `--ambient-caps=+${capability}`,
        KEEP_FOR_ACCESS_CHECK,
      ],
      ids: {},
    })),
  ];
  for (const way of ways) {
    if (await succeeds(way, ['sh', '-c', 'test -w "$0" && "$1" --version', folder, program])) return way;
  }
  throw new StartError(
    `PostgreSQL cannot run as root, and the user with id ${account.uid} cannot reach ${folder} or ${program}: ` +
      'move them to a folder that other users may enter, or work as an ordinary user.',
  );
}

async function succeeds(way: RunAs, command: readonly string[]): Promise<boolean> {
  const [file = '', ...args] = [...way.prefix, ...command];
  return run(file, args, { ...way.ids, cwd: '/' }).then(
    () => true,
    () => false,
  );
}

async function numericId(flag: '-u' | '-g', user: string): Promise<number | undefined> {
  return run('id', [flag, user]).then(
    ({ stdout }) => Number(stdout),
    () => undefined,
  );
}
