/** The two secrets that a home folder makes for itself at its first start. */
import { randomBytes } from 'node:crypto';
import { access, readFile } from 'node:fs/promises';
import { StartError } from '../embedded/start-error.ts';
import type { Home } from './home.ts';
import { writeWhole } from './write-whole.ts';

const KEY_BYTES = 32;

/** A line of a key file: an id that encrypted values name, and 32 random bytes. New keys go before old ones. */
export function newKeyLine(): string {
  return `${randomBytes(4).toString('hex')}:${randomBytes(KEY_BYTES).toString('base64')}`;
}

/**
 * Makes the key file and the password of PostgreSQL for a new home.
 * @returns the password.
 * @throws StartError when the ledger exists and one of them is gone, for it could not be read with a new one.
 */
export async function homeSecrets({ keyFile, postgresPassword, postgresData }: Home): Promise<string> {
  const hasLedger = await exists(postgresData);
  for (const [file, secret] of [
    [keyFile, newKeyLine],
    [postgresPassword, () => randomBytes(24).toString('base64url')],
  ] as const) {
    if (await exists(file)) continue;
    if (hasLedger) {
      throw new StartError(
        `${file} is missing, and the ledger in ${postgresData} cannot be read without it: ` +
          'restore it from a backup, or move the whole data folder aside to start with an empty ledger.',
      );
    }
    await writeWhole(file, `${secret()}\n`);
  }
  return (await readFile(postgresPassword, 'utf8')).trim();
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
