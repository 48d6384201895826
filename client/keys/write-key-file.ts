import { writeFile } from 'node:fs/promises';
import { CommandError, EXIT } from '../command-error.ts';

/**
 * Writes a private key that only its owner may read. A file that is there already is never written over.
 *
 * @throws CommandError `usage`
 */
export async function writeKeyFile(path: string, key: string): Promise<void> {
  try {
    await writeFile(path, key, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    if (code === 'EEXIST')
      throw new CommandError(
        EXIT.usage,
        `${path} is there already, and is not written over. Choose another name.`,
      );
    throw new CommandError(EXIT.usage, `${path} cannot be written (${String(code)}).`);
  }
}
