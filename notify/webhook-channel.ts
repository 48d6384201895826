import { setTimeout as sleep } from 'node:timers/promises';
import { Agent, request } from 'undici';
import { CdiError } from '../model/errors.ts';
import type { AddressGuard } from '../outbound/address-guard.ts';
import { guardedConnect, isForbiddenAddress } from '../outbound/guarded-connect.ts';
import type { WebhookTarget } from '../store/definitions.ts';
import type { Notification, NotificationChannel } from './channel.ts';
import { jsonBody, slackBody } from './webhook-body.ts';
import { SIGNATURE_HEADER, TIMESTAMP_HEADER, webhookSignature } from './webhook-signature.ts';

const TIMEOUT_MS = 10_000;
const ATTEMPTS = 3;
const FIRST_PAUSE_MS = 500;
/** An answer is read no further: nobody looks at it. */
const ANSWER_BYTES = 64 << 10;

export interface WebhookChannelOptions {
  readonly guard: AddressGuard;
  /** Time for one attempt, in milliseconds. Default: ten seconds. */
  readonly timeoutMs?: number;
  /** Pause before the second attempt, in milliseconds; it doubles. Default: half a second. */
  readonly pauseMs?: number;
}

/**
 * A channel that posts to one webhook. What the other side may mend by itself (no answer, 429, 5xx) is tried three times. A
 * redirect is a failure: it could lead to where the guard does not look.
 */
export function createWebhookChannel(
  target: WebhookTarget,
  { guard, timeoutMs = TIMEOUT_MS, pauseMs = FIRST_PAUSE_MS }: WebhookChannelOptions,
): NotificationChannel {
  const agent = new Agent({
    connect: guardedConnect(guard, { timeout: timeoutMs }),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: ANSWER_BYTES,
    pipelining: 0,
  });

  return {
    async send(notification) {
      const body = target.format === 'slack' ? slackBody(notification) : jsonBody(notification);
      for (let attempt = 1; ; attempt += 1) {
        const answer = await post(agent, target, notification, body, timeoutMs);
        if (answer.kind === 'taken') return { accepted: 1, refused: 0 };
        if (answer.kind === 'refused' || attempt === ATTEMPTS)
          throw new CdiError('webhook_unavailable', `Webhook ${target.name}: ${answer.why}`, {
            vendorCode: answer.code,
          });
        await sleep(pauseMs * 2 ** (attempt - 1));
      }
    },
    close: () => void agent.destroy().catch(() => undefined),
  };
}

type PostAnswer =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused' | 'unavailable'; readonly why: string; readonly code: string | undefined };

/** Never throws, and says nothing of the URL or the answer: a URL may be a secret, an answer may say anything. */
async function post(
  agent: Agent,
  { url, secret }: WebhookTarget,
  { key }: Notification,
  body: string,
  timeoutMs: number,
): Promise<PostAnswer> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  try {
    const { statusCode, body: answer } = await request(url, {
      dispatcher: agent,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'braze-cdi',
        'x-cdi-id': key,
        [TIMESTAMP_HEADER]: timestamp,
        ...(secret === undefined ? {} : { [SIGNATURE_HEADER]: webhookSignature(secret, timestamp, body) }),
      },
      body,
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.dump().catch(() => undefined);
    const code = String(statusCode);
    if (statusCode >= 200 && statusCode < 300) return { kind: 'taken' };
    if (statusCode === 429 || statusCode >= 500)
      return { kind: 'unavailable', why: 'it answers that it cannot take messages now.', code };
    if (statusCode >= 300 && statusCode < 400)
      return { kind: 'refused', why: 'it redirects, which is not followed.', code };
    return { kind: 'refused', why: 'it refuses the message.', code };
  } catch (error) {
    if (isForbiddenAddress(error))
      return {
        kind: 'refused',
        why: 'it leads to an address that is not public, and not in CDI_ALLOWED_ADDRESSES.',
        code: undefined,
      };
    const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
    return {
      kind: 'unavailable',
      why: 'it cannot be reached.',
      code: typeof code === 'string' ? code : undefined,
    };
  }
}
