/** Signs what is posted to a webhook, and when: an old message cannot be played again as a new one. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const TIMESTAMP_HEADER = 'x-cdi-timestamp';
export const SIGNATURE_HEADER = 'x-cdi-signature';

/**
 * @param timestamp seconds since 1970, as the header `X-CDI-Timestamp` carries them
 * @param body exactly as it is posted
 * @returns what the header `X-CDI-Signature` carries: `v1=` and the HMAC-SHA256 of `TIMESTAMP.BODY` in hex
 */
export function webhookSignature(secret: string, timestamp: string, body: string): string {
  return `v1=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}

/** How a receiver checks a message: signature first, then the age. */
export function isSignedBy(
  secret: string,
  message: { readonly timestamp: string; readonly signature: string; readonly body: string },
  now: Date,
  toleranceMs: number,
): boolean {
  const expected = Buffer.from(webhookSignature(secret, message.timestamp, message.body));
  const given = Buffer.from(message.signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return false;
  return Math.abs(now.getTime() - Number(message.timestamp) * 1_000) <= toleranceMs;
}
