/**
 * Microsoft Entra as far as an app logs in with its secret: an issuer of tokens that this project did not write
 * (oauth2-mock-server), behind the answers with which Entra refuses. Source of those: "Microsoft Entra authentication and
 * authorization error codes".
 */
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, errors, jwtVerify } from 'jose';
import {
  type MutableResponse,
  type MutableToken,
  OAuth2Issuer,
  OAuth2Service,
  type TokenRequestIncomingMessage,
} from 'oauth2-mock-server';
import type { Certificates } from '../certificates.ts';
import { RESOURCE } from './tds-login.ts';

export interface App {
  readonly id: string;
  readonly secret: string;
  /** Whether its secret has run out. */
  readonly isExpired?: boolean;
}

export interface Entra extends AsyncDisposable {
  /** Address of the login service, for `authority`. */
  readonly url: string;
  readonly tenant: string;
  /**
   * Looks at a token as the warehouse does: who signed it, for whom, until when.
   * @returns the id of the app @throws where anything is wrong with it
   */
  verify(token: string): Promise<string>;
  /** Signs a token by itself, with whatever claims. */
  sign(claims: Readonly<Record<string, unknown>>): Promise<string>;
  /** From now on every token that was given out counts as expired. */
  expireTokens(): void;
}

interface Refusal {
  readonly status: number;
  readonly error: string;
  readonly code: number;
  readonly text: string;
}

const UNKNOWN_TENANT = (tenant: string): Refusal => ({
  status: 400,
  error: 'invalid_tenant',
  code: 90002,
  text: `Tenant '${tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.`,
});

/** @returns how Entra refuses; undefined where it does not */
function refusalOf(body: Readonly<Record<string, unknown>>, apps: readonly App[]): Refusal | undefined {
  const app = apps.find(({ id }) => id === body['client_id']);
  if (!app) {
    const text = `Application with identifier '${String(body['client_id'])}' was not found in the directory.`;
    return { status: 400, error: 'unauthorized_client', code: 700016, text };
  }
  if (app.secret !== body['client_secret']) {
    const text = `Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '${app.id}'.`;
    return { status: 401, error: 'invalid_client', code: 7000215, text };
  }
  if (app.isExpired) {
    const text = `The provided client secret keys for app '${app.id}' are expired.`;
    return { status: 401, error: 'invalid_client', code: 7000222, text };
  }
  if (body['grant_type'] !== 'client_credentials' || body['scope'] !== `${RESOURCE}.default`) {
    const text = `The scope '${String(body['scope'])}' is not valid.`;
    return { status: 400, error: 'invalid_scope', code: 70011, text };
  }
  return undefined;
}

const bodyOf = ({ error, code, text }: Refusal): Record<string, unknown> => ({
  error,
  error_description: `AADSTS${code}: ${text} Trace ID: 00000000-0000-0000-0000-000000000000`,
  error_codes: [code],
});

export async function startEntra(
  tenant: string,
  certificates: Certificates,
  apps: readonly App[],
): Promise<Entra> {
  const issuer = new OAuth2Issuer();
  await issuer.keys.generate('RS256');
  const service = new OAuth2Service(issuer, {
    wellKnownDocument: `/${tenant}/v2.0/.well-known/openid-configuration`,
    token: `/${tenant}/oauth2/v2.0/token`,
    jwks: `/${tenant}/discovery/v2.0/keys`,
    authorize: `/${tenant}/oauth2/v2.0/authorize`,
  });
  service.on('beforeTokenSigning', (token: MutableToken, { body }: TokenRequestIncomingMessage) => {
    Object.assign(token.payload, {
      iss: signer,
      aud: RESOURCE,
      appid: body.client_id,
      tid: tenant,
      uti: tokens,
    });
    tokens += 1;
  });
  service.on('beforeResponse', (response: MutableResponse, { body }: TokenRequestIncomingMessage) => {
    const refusal = refusalOf({ ...body }, apps);
    if (refusal) Object.assign(response, { statusCode: refusal.status, body: bodyOf(refusal) });
  });

  let tokens = 0;
  let firstValid = 0;
  const server = createServer(certificates, (request, response) => {
    const asked = request.url?.split('/')[1] ?? '';
    if (asked === tenant) {
      service.requestHandler(request, response);
      return;
    }
    const refusal = UNKNOWN_TENANT(asked);
    response.writeHead(refusal.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(bodyOf(refusal)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `https://localhost:${(server.address() as AddressInfo).port}`;
  issuer.url = url;
  const signer = `${url}/${tenant}/v2.0`;
  const keys = createLocalJWKSet({ keys: issuer.keys.toJSON() });

  return {
    url,
    tenant,
    async verify(token) {
      const { payload } = await jwtVerify(token, keys, { issuer: signer, audience: RESOURCE });
      if (Number(payload['uti']) < firstValid)
        throw new errors.JWTExpired('The token is expired.', payload, 'exp');
      return String(payload['appid']);
    },
    sign: (claims) =>
      issuer.buildToken({
        scopesOrTransform: (_header, payload) =>
          void Object.assign(payload, { iss: signer, aud: RESOURCE, uti: tokens, ...claims }),
      }),
    expireTokens: () => (firstValid = tokens),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
