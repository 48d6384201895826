import { rename, writeFile } from 'node:fs/promises';

/** Writes a file that only the owner may read, so that readers see the old or the new text and never a part. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, path);
}
