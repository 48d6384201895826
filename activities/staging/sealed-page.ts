/** The encryption of staged pages, the same wherever they lie: each is bound to its reference. */
import { CdiError } from '../../model/errors.ts';
import type { Keyring } from '../../store/keyring.ts';

const purposeOf = (reference: string): string => `staging ${reference}`;

/** @returns the sealed page, in pieces to be written one after the other */
export function sealPage(keyring: Keyring, reference: string, page: Uint8Array): Buffer[] {
  return keyring.sealInPieces(page, purposeOf(reference));
}

/** @throws CdiError `staging_lost` where the page is damaged, or is not the one of this reference */
export function openPage(keyring: Keyring, reference: string, sealed: Uint8Array): Buffer {
  try {
    return keyring.open(sealed, purposeOf(reference));
  } catch (cause) {
    throw new CdiError('staging_lost', 'A staged page is damaged.', { cause });
  }
}
