/** Opens the staging of an installation, wherever it lies. */
import { fileURLToPath } from 'node:url';
import type { CdiError } from '../../model/errors.ts';
import type { StagingPlace } from '../../model/staging-place.ts';
import type { Keyring } from '../../store/keyring.ts';
import { createFileStaging } from './file-staging.ts';
import { createS3Staging } from './s3-staging.ts';
import type { Staging } from './staging.ts';

/**
 * @param onLeft hears of pages that could not be deleted for now
 * @returns the staging; nothing is asked of it yet
 */
export async function openStaging(
  place: StagingPlace,
  keyring: Keyring,
  onLeft: (error: CdiError) => void,
): Promise<Staging> {
  return place.kind === 'folder'
    ? createFileStaging(fileURLToPath(place.url), keyring)
    : createS3Staging(place, keyring, onLeft);
}
