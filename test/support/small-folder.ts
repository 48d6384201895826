/**
 * A folder with a quota: a small file system in memory, mounted where only one process and its children see it. It is
 * gone with that process.
 */
import { spawnSync } from 'node:child_process';
import { getuid } from 'node:process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface SmallFolder {
  /** Runs the command line that follows it where the folder is small. */
  readonly prefix: readonly string[];
  /** Deletes what fills it. @param pid the process that was run */
  free(pid: number): Promise<void>;
}

const FILLER = 'filler';
const IS_ROOT = getuid?.() === 0;
/** An ordinary user may mount within a user namespace of its own. */
const UNSHARE = ['unshare', '--mount', ...(IS_ROOT ? [] : ['--user', '--map-root-user'])];

/**
 * @param folder is there already
 * @param kilobytes of the file system
 * @param left kilobytes that are left until it is freed
 * @throws Error that tells how to get one where this machine grants none
 */
export function smallFolder(folder: string, kilobytes: number, left: number): SmallFolder {
  const attempt = spawnSync(
    UNSHARE[0] ?? '',
    [...UNSHARE.slice(1), 'mount', '-t', 'tmpfs', 'tmpfs', folder],
    {
      encoding: 'utf8',
    },
  );
  if (attempt.status !== 0) {
    throw new Error(
      `No folder with a quota can be had here (${attempt.error?.message ?? attempt.stderr.trim()}). It takes Linux ` +
        `with util-linux, and to be root with CAP_SYS_ADMIN or an ordinary user who may make user namespaces: ` +
        `sysctl user.max_user_namespaces above 0, and on Ubuntu kernel.apparmor_restrict_unprivileged_userns=0.`,
    );
  }
  const script =
    `mount -t tmpfs -o size=${kilobytes}k tmpfs "$0" && head -c ${kilobytes - left}k /dev/zero > "$0/${FILLER}" && ` +
    `exec "$@"`;
  return {
    prefix: [...UNSHARE, 'sh', '-c', script, folder],
    free: (pid) => rm(join('/proc', String(pid), 'root', folder, FILLER)),
  };
}
