/**
 * Clients between two uploads of a run, with their connections open: the next segment follows within milliseconds, and
 * hundreds of TLS handshakes would cost it more than its first requests.
 */
import type { AddressGuard } from '../../outbound/address-guard.ts';
import { type BrazeClient, type BrazeClientOptions, createBrazeClient } from './client.ts';

/** Longer than the pause between two segments; as long as the connections themselves are kept. */
const KEPT_MS = 30_000;

export class IdleClients {
  readonly #guard: AddressGuard;
  readonly #idle = new Map<string, { client: BrazeClient; timer: NodeJS.Timeout }>();

  /** @param guard decides where endpoints may lead */
  constructor(guard: AddressGuard) {
    this.#guard = guard;
  }

  /** Gives one that is idle, or a new one; from then on it belongs to the caller. */
  take(options: BrazeClientOptions): BrazeClient {
    const kept = this.#idle.get(keyOf(options));
    if (!kept) return createBrazeClient(options, this.#guard);
    this.#idle.delete(keyOf(options));
    clearTimeout(kept.timer);
    return kept.client;
  }

  /** @param client has no request under way */
  giveBack(options: BrazeClientOptions, client: BrazeClient): void {
    const key = keyOf(options);
    if (this.#idle.has(key)) {
      void client.destroy();
      return;
    }
    const timer = setTimeout(() => {
      this.#idle.delete(key);
      void client.destroy();
    }, KEPT_MS);
    this.#idle.set(key, { client, timer: timer.unref() });
  }
}

const keyOf = (options: BrazeClientOptions): string => JSON.stringify(options);
