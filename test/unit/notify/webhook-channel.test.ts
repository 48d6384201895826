/** Webhooks against a real HTTP server. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { classify } from '../../../model/errors.ts';
import { renderMail } from '../../../notify/render-mail.ts';
import { createWebhookChannel } from '../../../notify/webhook-channel.ts';
import { isSignedBy, webhookSignature } from '../../../notify/webhook-signature.ts';
import { addressGuard } from '../../../outbound/address-guard.ts';
import type { WebhookTarget } from '../../../store/definitions.ts';
import { type HttpSink, type Posted, startHttpSink } from '../../support/http-sink.ts';
import { failedReport, partialReport } from './sample-report.ts';

const notification = renderMail('failure', failedReport, ['ops@example.com'], ['failed:credentials_invalid']);
const LOCAL = addressGuard(['127.0.0.1']);

let sink: HttpSink;
beforeEach(async () => {
  sink = await startHttpSink();
});
afterEach(() => sink[Symbol.asyncDispose]());

function send(own: Partial<WebhookTarget> = {}, guard = LOCAL, message = notification): Promise<unknown> {
  const target: WebhookTarget = { name: 'ops', url: sink.url, secret: undefined, format: 'json', ...own };
  const channel = createWebhookChannel(target, { guard, timeoutMs: 2_000, pauseMs: 10 });
  return channel.send(message).finally(() => channel.close());
}

const failure = (sending: Promise<unknown>): Promise<unknown> => sending.catch((error: unknown) => error);

describe('a webhook', () => {
  it('gets what happened, who must act and what to do, for programs', async () => {
    await send();
    expect(sink.posted).toHaveLength(1);
    expect(JSON.parse(sink.posted[0]?.body ?? '')).toEqual({
      version: 1,
      id: `${failedReport.run}.failure`,
      event: 'failure',
      incidents: ['failed:credentials_invalid'],
      sync: 'users-attributes',
      credential: null,
      run: failedReport.run,
      headline: 'users-attributes failed: The warehouse refused the credential',
      details: {
        what_happened: 'The warehouse refused the credential. Redshift refused user cdi_reader.',
        who_must_act: 'The data team, who own the warehouse and the source.',
        what_to_do: expect.stringContaining('cdi apply') as string,
      },
      items: [],
      link: failedReport.links.temporal,
    });
  });

  it('gets a signature over time and body; nothing of it can be changed', async () => {
    await send({ secret: 'shared' });
    const { headers, body } = sink.posted[0] as Posted;
    const timestamp = String(headers['x-cdi-timestamp']);
    const signature = String(headers['x-cdi-signature']);
    const message = { timestamp, signature, body };
    const now = new Date();
    expect(signature).toBe(webhookSignature('shared', timestamp, body));
    expect(isSignedBy('shared', message, now, 300_000)).toBe(true);
    expect(isSignedBy('other', message, now, 300_000)).toBe(false);
    expect(isSignedBy('shared', { ...message, body: `${body} ` }, now, 300_000)).toBe(false);
    expect(isSignedBy('shared', { ...message, timestamp: `${timestamp}0` }, now, 300_000)).toBe(false);
    expect(isSignedBy('shared', message, new Date(now.getTime() + 400_000), 300_000)).toBe(false);
  });

  it('signs as the documentation says', () => {
    // printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac key
    expect(webhookSignature('key', '1700000000', '{"a":1}')).toBe(
      'v1=a438e398bfafc57e4396bb7fc2304422f0f768e965d073ca313cb52e22e6ad03',
    );
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), (secret, body, other) => {
        const signature = webhookSignature(secret, '1', body);
        expect(webhookSignature(secret, '1', other) === signature).toBe(other === body);
      }),
    );
  });

  it('reads as a message in Slack, in which nothing from elsewhere can mention anybody', async () => {
    const hostile = { ...failedReport, error: { type: 'internal', message: '<!channel> a & b' } as const };
    await send({ format: 'slack' }, LOCAL, renderMail('failure', hostile, []));
    const { text } = JSON.parse(sink.posted[0]?.body ?? '') as { text: string };
    expect(text).toContain('*users-attributes failed: An unexpected error stopped the run*');
    expect(text).toContain('&lt;!channel&gt; a &amp; b');
    expect(text).toContain('|Open this run in the Temporal UI>');
    expect(Object.keys(JSON.parse(sink.posted[0]?.body ?? '') as object)).toEqual(['text']);
  });

  it.each(['json', 'slack'] as const)(
    'learns of no identifier, not even a masked one (%s)',
    async (format) => {
      await send({ format }, LOCAL, renderMail('row_errors', partialReport, []));
      expect(sink.posted[0]?.body).toContain('12 rows rejected');
      for (const part of ['customer', 'cu***', 'jane', 'ja***'])
        expect(sink.posted[0]?.body).not.toContain(part);
    },
  );

  it.each([[[503, 429]], [[500]]])('is tried again after %j', async (statuses) => {
    sink.next.push(...statuses);
    await send();
    expect(sink.posted).toHaveLength(statuses.length + 1);
  });

  it('is given up after three attempts, with a type that is tried again later', async () => {
    sink.next.push(500, 502, 503, 504);
    const error = await failure(send());
    expect(error).toMatchObject({ type: 'webhook_unavailable', vendorCode: '503' });
    expect(classify(error).retryable).toBe(true);
    expect(sink.posted).toHaveLength(3);
  });

  it.each([301, 302, 307, 308, 400, 404])(
    'is not tried again, and not followed, after %d',
    async (status) => {
      sink.next.push(status);
      expect(await failure(send())).toMatchObject({
        type: 'webhook_unavailable',
        vendorCode: String(status),
      });
      expect(sink.posted.map(({ path }) => path)).toEqual(['/hook']);
    },
  );

  it('that leads to an address of this machine gets no request', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]', '2130706433', '0x7f.1']) {
      const error = await failure(send({ url: `http://${host}:${sink.port}/hook` }, addressGuard([])));
      expect(error).toMatchObject({ type: 'webhook_unavailable' });
      expect((error as Error).message).toContain('CDI_ALLOWED_ADDRESSES');
    }
    expect(sink.posted).toEqual([]);
  });

  it('whose URL is a secret is not named where it fails', async () => {
    const error = await failure(send({ url: 'http://127.0.0.1:1/services/T0/SECRET' }));
    expect(JSON.stringify([String(error), error])).not.toMatch(/SECRET|127\.0\.0\.1/);
    expect(error).toMatchObject({ type: 'webhook_unavailable', vendorCode: 'ECONNREFUSED' });
  });
});
