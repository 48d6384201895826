/** A folder for whatever the server of a stand-in writes; it is gone with the stand-in. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** Makes a program keep its temporary files there. */
  readonly environment: Readonly<Record<'TMPDIR', string>>;
}

/** @param name begins the folder's own, so that one that is left behind tells whose it is */
export async function temporaryFolder(name: string): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), `cdi-${name}-`));
  return {
    path,
    environment: { TMPDIR: path },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 3 }),
  };
}
