/** Fetches the app's tokens from Entra, and remembers why it was refused. */
import type { TokenCredential } from '@azure/identity';
import type { FabricCredential } from '../../../model/credentials/fabric.ts';
import type { Told } from './errors.ts';

export interface EntraLogin {
  readonly definition: FabricCredential;
  readonly clientSecret: string;
  /** PEM of the issuers to trust, where the usual ones will not do. */
  readonly trusted: { readonly ca?: string[] };
  readonly signal: AbortSignal;
  /** Gets the code with which the login service refused; it is cleared by a token. */
  readonly told: Told;
}

const ENTRA_CODE = /AADSTS\d+/;

export async function entraLogin(login: EntraLogin): Promise<TokenCredential> {
  const { definition, clientSecret, trusted, signal, told } = login;
  const { ClientSecretCredential } = await import('@azure/identity');
  const credential = new ClientSecretCredential(definition.tenant_id, definition.client_id, clientSecret, {
    ...(definition.authority === undefined
      ? {}
      : // Only Microsoft's own addresses are known to the service that would be asked about this one.
        { authorityHost: definition.authority, disableInstanceDiscovery: true }),
    tlsOptions: { ...trusted },
    additionalPolicies: [
      {
        position: 'perRetry',
        policy: {
          name: 'remember-refusal',
          sendRequest: async (request, next) => {
            try {
              const response = await next(request);
              const code = ENTRA_CODE.exec(response.bodyAsText ?? '')?.[0];
              told.entra = response.status < 400 ? undefined : (code ?? `HTTP ${response.status}`);
              return response;
            } catch (error) {
              told.entra = String(Reflect.get(Object(error), 'code') ?? 'ENTRA');
              throw error;
            }
          },
        },
      },
    ],
  });
  return {
    getToken: (scopes, options) => credential.getToken(scopes, { ...options, abortSignal: signal }),
  };
}
