/** A keyring that follows its file: a key that is put in front there encrypts from then on, without a restart. */
import { readFileSync } from 'node:fs';
import { type Keyring, parseKeyring } from './keyring.ts';

/** How often the file is looked at. A value under a key that is not known yet has it read at once. */
export const KEY_FILE_INTERVAL_MS = 2_000;

/**
 * The file is followed as long as the process lives, which keeps no process alive.
 *
 * @throws CdiError `key_missing` where it holds no usable key; the error of the file system where it cannot be read
 */
export function followKeyFile(path: string): Keyring {
  // A file that is being written, or gone for a moment, changes nothing.
  const readable = (): Keyring | undefined => {
    try {
      return parseKeyring(readFileSync(path, 'utf8'));
    } catch {
      return undefined;
    }
  };
  const keyring = parseKeyring(readFileSync(path, 'utf8'), readable);
  setInterval(() => {
    const present = readable();
    if (present) keyring.replaceBy(present);
  }, KEY_FILE_INTERVAL_MS).unref();
  return keyring;
}
