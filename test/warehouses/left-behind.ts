/**
 * The leak check of the suite: the temporary files of its processes have a folder of their own, and whatever lies there at
 * the end fails the suite. The folder goes in any case, also where the suite is interrupted.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What of Vitest's `TestProject` it works with. */
interface Project {
  readonly config: { env?: Record<string, unknown> };
}

/** @returns the teardown, which throws an Error that names what was left behind */
export default async function watchTemporaryFiles({ config }: Project): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'cdi-warehouses-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  process.once('exit', remove);
  config.env = { ...config.env, TMPDIR: folder };
  return async () => {
    const left = await readdir(folder);
    process.off('exit', remove);
    remove();
    if (left.length > 0) throw new Error(`Left behind in the temporary folder: ${left.join(', ')}`);
  };
}
