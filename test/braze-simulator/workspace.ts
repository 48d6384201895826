import { hash } from 'node:crypto';
import type { Catalog } from './catalog.ts';
import { OBJECT_KINDS } from './control-types.ts';
import type {
  IntegrationDefinition,
  Limits,
  ObjectKind,
  SimulatorState,
  StoredDelete,
  StoredObject,
} from './control-types.ts';
import { DEFAULT_LIMITS } from './default-limits.ts';
import type { Counts } from './endpoint.ts';
import { InFlight } from './in-flight.ts';
import { Profiles } from './profiles.ts';
import { RateLimiter } from './rate-limiter.ts';

/** Everything that one Braze workspace holds, and what was counted of it. */
export class Workspace {
  readonly name: string;
  limits: Limits = DEFAULT_LIMITS;
  readonly rateLimiter = new RateLimiter();
  readonly inFlight = new InFlight();
  readonly profiles = new Profiles();
  readonly events: StoredObject[] = [];
  readonly purchases: StoredObject[] = [];
  readonly deletes: StoredDelete[] = [];
  readonly catalogs = new Map<string, Catalog>();
  /** Of Braze's own Cloud Data Ingestion. */
  integrations: readonly IntegrationDefinition[] = [];
  readonly violations = { inFlight: 0, withinRequest: 0 };
  readonly #requests: Record<string, Record<string, number>> = {};
  readonly #digests = new Set<string>();
  readonly #received = zeroPerKind();
  readonly #applied = zeroPerKind();
  readonly #dropped: Record<string, number> = {};

  constructor(name: string) {
    this.name = name;
  }

  countArrival(call: string, body: Buffer, received: Counts): void {
    this.#digests.add(`${call} ${hash('sha1', body, 'base64')}`);
    add(this.#received, received);
  }

  countApplied(applied: Counts): void {
    add(this.#applied, applied);
  }

  /** @param status 0 where the connection ended without an answer. */
  countAnswer(call: string, status: number): void {
    const byStatus = (this.#requests[call] ??= {});
    byStatus[status] = (byStatus[status] ?? 0) + 1;
  }

  /** Counts something that was accepted and yet not applied. */
  drop(reason: string): void {
    this.#dropped[reason] = (this.#dropped[reason] ?? 0) + 1;
  }

  state(): SimulatorState {
    return {
      requests: this.#requests,
      uniqueRequests: this.#digests.size,
      received: this.#received,
      applied: this.#applied,
      violations: this.violations,
      dropped: this.#dropped,
      profiles: this.profiles.size,
      events: this.events.length,
      purchases: this.purchases.length,
      deletes: this.deletes.length,
      catalogItems: Object.fromEntries(Array.from(this.catalogs, ([name, catalog]) => [name, catalog.size])),
    };
  }
}

function zeroPerKind(): Record<ObjectKind, number> {
  return Object.fromEntries(OBJECT_KINDS.map((kind) => [kind, 0])) as Record<ObjectKind, number>;
}

function add(sums: Record<ObjectKind, number>, counts: Counts): void {
  for (const kind of OBJECT_KINDS) sums[kind] += counts[kind] ?? 0;
}
