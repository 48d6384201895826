/** Connects only to addresses that a guard lets through, and looks at the very address that is connected to. */
import { type LookupAddress, lookup as lookUp } from 'node:dns';
import { type LookupFunction, isIP } from 'node:net';
import { buildConnector } from 'undici';
import type { AddressGuard } from './address-guard.ts';

/** Thrown by a connection attempt that the guard refused. It names no address: where a name leads is not for everybody. */
export class ForbiddenAddressError extends Error {
  constructor() {
    super('The address is not a public one, and not allowed by CDI_ALLOWED_ADDRESSES.');
    this.name = 'ForbiddenAddressError';
  }
}

/** Whether a request failed because its connection was refused by a guard. */
export function isForbiddenAddress(error: unknown): boolean {
  for (
    let current = error, depth = 0;
    current instanceof Error && depth < 5;
    current = current.cause, depth += 1
  ) {
    if (current instanceof ForbiddenAddressError) return true;
    if (current instanceof AggregateError && (current.errors as unknown[]).some(isForbiddenAddress))
      return true;
  }
  return false;
}

/**
 * A connector for undici. A name is resolved once, by the connection itself, so that an answer that changes between the look
 * and the connection (DNS rebinding) gains nothing.
 *
 * @param resolve the resolver of names; the system's where it is left out
 */
export function guardedConnect(
  guard: AddressGuard,
  options: { readonly timeout: number },
  resolve: LookupFunction = lookUp,
): buildConnector.connector {
  const letThrough = (found: string | LookupAddress[]): string | LookupAddress[] | undefined => {
    if (typeof found === 'string') return guard(found) ? found : undefined;
    const allowed = found.filter(({ address }) => guard(address));
    return allowed.length > 0 ? allowed : undefined;
  };
  const lookup: LookupFunction = (hostname, lookupOptions, callback) => {
    resolve(hostname, lookupOptions, (error, found, family) => {
      const allowed = error ? '' : letThrough(found);
      if (allowed === undefined) callback(new ForbiddenAddressError(), '');
      else callback(error, allowed, family);
    });
  };
  // What undici itself would set: whoever brings a connector has to say it.
  const connect = buildConnector({ ...options, allowH2: false, lookup });
  return (target, callback) => {
    // A host that is an address already is not looked up.
    const literal = target.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(literal) !== 0 && !guard(literal)) callback(new ForbiddenAddressError(), null);
    else connect(target, callback);
  };
}
