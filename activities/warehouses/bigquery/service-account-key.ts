/** The JSON key of a service account, as the Google Cloud console hands it out. */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import { CdiError } from '../../../model/errors.ts';

const keySchema = z.object({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().min(1),
});

export type ServiceAccountKey = z.infer<typeof keySchema>;

/**
 * Nothing but a service account's own key is taken: other kinds of key files name addresses that would be called.
 *
 * @throws CdiError `credentials_invalid`, which quotes nothing of the text
 */
export function parseServiceAccountKey(text: string): ServiceAccountKey {
  const { data: key } = keySchema.safeParse(jsonOf(text));
  if (!key)
    throw new CdiError(
      'credentials_invalid',
      'The secret is no JSON key of a service account of Google Cloud.',
    );
  try {
    createPrivateKey(key.private_key);
  } catch {
    throw new CdiError('credentials_invalid', 'The private key within the JSON key cannot be read.');
  }
  return key;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
