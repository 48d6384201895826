/** `cdi key rotate`: a new encryption key, and everything in the ledger under it, while runs go on. */
import { chown, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEY_FILE_INTERVAL_MS } from '../../store/key-file.ts';
import { parseKeyring } from '../../store/keyring.ts';
import { openLedger } from '../../store/ledger.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import type { Session } from '../session.ts';
import { newKeyLine } from '../up/home-secrets.ts';
import { writeWhole } from '../up/write-whole.ts';

/** Workers have looked at the file by then. */
const FOLLOWED_MS = 2 * KEY_FILE_INTERVAL_MS;
const MOST_PASSES = 10;

export interface RotateOptions {
  /** Whether a new key is made; otherwise the first key of the file, which somebody put there, is meant. */
  readonly newKey: boolean;
}

/**
 * Puts a new key before the others of the key file and encrypts the ledger's secrets and rejected rows under it. Workers
 * that read this very file follow it; the former keys stay in it, for staged pages are still under them.
 *
 * @throws CdiError `key_missing`; CommandError `usage` where there is no key file, `failed` where values are left
 */
export async function rotateKey(session: Session, output: Output, { newKey }: RotateOptions): Promise<void> {
  const keys = newKey ? await putNewKey(session.settings.keyFile) : session.settings.keys;
  const keyring = parseKeyring(keys);
  if (newKey) output.say(`The new key is ${keyring.currentId}. Encrypting under it …`);
  const ledger = openLedger({ url: session.settings.ledgerUrl, keyring, connections: 2 });
  try {
    let values = 0;
    let unreadable = 0;
    // What a worker sealed before it looked at the file is found by a later pass.
    for (let pass = 1; pass <= MOST_PASSES; pass += 1) {
      const resealed = await ledger.sealedValues.reseal();
      values += resealed.values;
      unreadable = resealed.unreadable;
      if (pass > 1 && resealed.values === 0) break;
      if (pass < MOST_PASSES) await sleep(FOLLOWED_MS);
    }
    const counts = await ledger.sealedValues.countByKey();
    const left = [...counts].filter(([key]) => key !== keyring.currentId);
    if (output.json) {
      output.print(
        JSON.stringify({ key: keyring.currentId, values, left: Object.fromEntries(left), unreadable }),
      );
    } else {
      output.print(
        `${values.toLocaleString('en-US')} values of the ledger are encrypted anew, under the key ${keyring.currentId}.`,
      );
    }
    if (left.length > 0) {
      throw new CommandError(
        EXIT.failed,
        left.map(([key, count]) => `${count} values are still under the key ${key}.`).join('\n') +
          (unreadable > 0
            ? '\nNo key at hand opens them: put the key they are under back into the key file, then `cdi key rotate --no-new-key`.'
            : '\nA worker still encrypts under it: give every worker this key file, then `cdi key rotate --no-new-key`.'),
      );
    }
    if (!output.json && keyring.ids.length > 1) {
      output.say(
        'The former keys stay in the key file until no staged page is under them: see "Rotate the encryption key" in docs/operations.md.',
      );
    }
  } finally {
    await ledger.close();
  }
}

/** @returns the new text of the file */
async function putNewKey(file: string | undefined): Promise<string> {
  if (file === undefined) {
    throw new CommandError(
      EXIT.usage,
      'The keys are in CDI_KEY: put a new one first there, restart the workers, then run `cdi key rotate --no-new-key`.',
    );
  }
  const text = `${newKeyLine()}\n${await readFile(file, 'utf8')}`;
  parseKeyring(text);
  const { uid, gid } = await stat(file);
  await writeWhole(file, text);
  // The workers may run as somebody else than who rotates.
  await chown(file, uid, gid);
  return text;
}
