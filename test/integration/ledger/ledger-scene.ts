/** One ledger, opened by as many as a test needs, and what its tests write into it. */
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';
import { expect } from 'vitest';
import type { SourceRow } from '../../../model/row.ts';
import type { UploadHolder } from '../../../store/epoch.ts';
import { parseKeyring } from '../../../store/keyring.ts';
import { type Ledger, openLedger } from '../../../store/ledger.ts';
import { type SegmentTail, segmentTail } from '../../../store/segment-tail.ts';
import type { Confirmation } from '../../../store/uploads.ts';
import { type Installation, install } from '../../support/installation.ts';
import { sourceRow } from '../../unit/source-row.ts';

export class LedgerScene implements AsyncDisposable {
  readonly installation: Installation;
  readonly ledger: Ledger;
  /** A superuser's connection to the ledger's database. */
  readonly admin: pg.Client;
  readonly #name: string;
  #syncs = 0;

  private constructor(name: string, installation: Installation, admin: pg.Client) {
    this.#name = name;
    this.installation = installation;
    this.ledger = installation.session.ledger;
    this.admin = admin;
  }

  static async open(name: string): Promise<LedgerScene> {
    const installation = await install(name);
    const admin = new pg.Client({ connectionString: installation.environment['CDI_LEDGER_URL'] });
    await admin.connect();
    return new LedgerScene(name, installation, admin);
  }

  /** Opens the ledger, or the one in another database of the same server, with a keyring. */
  reopen(keys: string, database?: string): Ledger {
    const url = new URL(this.installation.environment['CDI_LEDGER_URL'] ?? '');
    if (database !== undefined) url.pathname = `/${database}`;
    return openLedger({ url: url.href, keyring: parseKeyring(keys), connections: 2 });
  }

  /** @returns the sync's name */
  async declare(name = `${this.#name}_${++this.#syncs}`, table = name): Promise<string> {
    await this.installation.declare({ name, table, data_type: 'events' });
    return name;
  }

  /** A run of a sync that has read its watermark and holds the lease. */
  async begin(sync: string): Promise<{ run: string; holder: UploadHolder }> {
    const run = randomUUID();
    const { runs, watermarks, leases } = this.ledger;
    await runs.open({ id: run, sync, dataType: 'events', trigger: 'manual', workflowRunId: run });
    const { epoch } = await watermarks.begin(sync, run, run);
    const leaseOwner = `owner of ${run}`;
    expect(await leases.take(sync, leaseOwner, 60_000)).toBe(0);
    return { run, holder: { sync, epoch, workflowRunId: run, leaseOwner } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.admin.end();
    await this.installation[Symbol.asyncDispose]();
  }
}

export const newKey = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`;

export const row = (updatedAt: string): SourceRow => sourceRow({ updatedAt, externalId: 'u', payload: '{' });

export const AT = '2026-01-01 00:00:00.000000';
export const digest = (n: number): Buffer => Buffer.alloc(16, n);
export const wholeTail = (digests: Buffer): SegmentTail =>
  segmentTail({ kind: 'whole', value: AT }, { digests });

export function confirmation(changes: Partial<Confirmation> = {}): Confirmation {
  return {
    token: randomUUID(),
    batches: [0],
    digests: Buffer.concat([digest(1), digest(2)]),
    lastUpdatedAt: AT,
    sent: 1,
    requests: 1,
    rejected: [
      { row: row(AT), code: 'payload_not_json', reason: 'PAYLOAD is not valid JSON.', origin: 'validation' },
    ],
    answerLost: [],
    warnings: [],
    reservation: { to: 1, open: null },
    ...changes,
  };
}
