/**
 * Access tokens of a service principal. The driver's own way knows the host names of the public clouds alone, asks Entra on
 * Azure, and leaves out the port. Source: "Authorize service principal access to Databricks with OAuth" of Databricks.
 */
import { Agent, request } from 'undici';
import { z } from 'zod';
import { CdiError } from '../../../model/errors.ts';

export interface ServicePrincipal {
  /** Where the workspace is, `https://host:port`. */
  readonly origin: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Authorities that are trusted; those of the system where absent. */
  readonly ca: readonly string[] | undefined;
  readonly timeoutMs: number;
}

interface AccessToken {
  readonly value: string;
  /** On the monotonic clock, in milliseconds. */
  readonly renewAt: number;
}

const answerSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive() });
/** A token is renewed after this share of its life, so that none runs out on its way. */
const RENEW_AFTER = 0.8;

/**
 * @returns gives the headers of a request, with a token that is fetched once and renewed in time. It throws CdiError
 * `credentials_invalid`, or the network's own error.
 */
export function serviceTokens(principal: ServicePrincipal): () => Promise<Record<string, string>> {
  let token: AccessToken | undefined;
  let fetching: Promise<AccessToken> | undefined;
  return async () => {
    if (token === undefined || performance.now() >= token.renewAt) {
      fetching ??= fetchToken(principal).finally(() => (fetching = undefined));
      token = await fetching;
    }
    return { Authorization: `Bearer ${token.value}` };
  };
}

async function fetchToken({
  origin,
  clientId,
  clientSecret,
  ca,
  timeoutMs,
}: ServicePrincipal): Promise<AccessToken> {
  const askedAt = performance.now();
  const agent = new Agent({ connect: { timeout: timeoutMs, ...(ca ? { ca: [...ca] } : {}) } });
  try {
    const answer = await request(`${origin}/oidc/v1/token`, {
      method: 'POST',
      dispatcher: agent,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      headers: {
        authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'all-apis' }).toString(),
    });
    if (answer.statusCode !== 200) throw refusal(answer.statusCode);
    const parsed = answerSchema.safeParse(await answer.body.json().catch(() => undefined));
    if (!parsed.success) throw refusal(answer.statusCode);
    const lifeMs = parsed.data.expires_in * 1_000;
    return { value: parsed.data.access_token, renewAt: askedAt + lifeMs * RENEW_AFTER };
  } finally {
    await agent.destroy();
  }
}

/** 400 and 401 are `invalid_request` and `invalid_client` of RFC 6749, section 5.2; 404 is another server. */
function refusal(status: number): CdiError {
  const vendorCode = `HTTP ${status}`;
  if (status === 429 || status >= 500) {
    return new CdiError('warehouse_unreachable', `Databricks gives out no tokens now (${vendorCode}).`, {
      vendorCode,
    });
  }
  return new CdiError(
    'credentials_invalid',
    `Databricks refused client id and secret of the service principal (${vendorCode}).`,
    { vendorCode },
  );
}
