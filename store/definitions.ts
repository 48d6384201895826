/** Workspaces, credentials and syncs, as `cdi apply` put them there. */
import { type Kysely, type Selectable, type Transaction, sql } from 'kysely';
import {
  type CredentialDefinition,
  type SyncDefinition,
  type WorkspaceDefinition,
  credentialSchema,
  syncSchema,
  workspaceSchema,
} from '../model/definitions.ts';
import { CdiError } from '../model/errors.ts';
import { tableKey } from '../model/table-key.ts';
import type { Keyring } from './keyring.ts';
import { forgetDelivered, hasOpenRun } from './between-runs.ts';
import type { LedgerSchema, SyncTable } from './schema.ts';

/** Secret values by field name, in clear; only ever in memory. */
export type Secrets = Readonly<Record<string, string>>;

export interface StoredWorkspace {
  readonly definition: WorkspaceDefinition;
  readonly apiKey: string;
  readonly webhooks: readonly WebhookTarget[];
}

/** A webhook of a workspace with its secrets in clear; only ever in memory. */
export interface WebhookTarget {
  readonly name: string;
  readonly url: string;
  /** Signs each message; undefined where none is signed. */
  readonly secret: string | undefined;
  readonly format: 'json' | 'slack';
}

export interface StoredCredential {
  readonly definition: CredentialDefinition;
  readonly secrets: Secrets;
}

export interface StoredSync {
  readonly name: string;
  readonly definition: SyncDefinition;
  readonly deletedAt: Date | null;
  readonly testedAt: Date | null;
  readonly paused: boolean;
  readonly pauseNote: string | null;
  /** When its schedule was last let go; null where it never was paused. */
  readonly resumedAt: Date | null;
  readonly createdAt: Date;
}

/** What a plan compares: the definition, and a fingerprint of its secrets. */
export interface StoredSummary<D> {
  readonly definition: D;
  readonly fingerprint: string;
}

/** Everything that one `cdi apply` writes, in one transaction. */
export interface DefinitionChanges {
  readonly workspaces: readonly { readonly definition: WorkspaceDefinition; readonly secrets: Secrets }[];
  readonly credentials: readonly { readonly definition: CredentialDefinition; readonly secrets: Secrets }[];
  readonly syncs: readonly {
    readonly definition: SyncDefinition;
    readonly watermark: 'keep' | 'reset';
    readonly retest: boolean;
  }[];
  readonly deleteSyncs: readonly string[];
  readonly deleteCredentials: readonly string[];
  readonly deleteWorkspaces: readonly string[];
}

/** To be spread under the changes that are meant. */
export const NO_CHANGES: DefinitionChanges = {
  workspaces: [],
  credentials: [],
  syncs: [],
  deleteSyncs: [],
  deleteCredentials: [],
  deleteWorkspaces: [],
};

const FOREIGN_KEY_VIOLATION = '23503';
const UNIQUE_VIOLATION = '23505';

export class Definitions {
  readonly #db: Kysely<LedgerSchema>;
  readonly #keyring: Keyring;

  constructor(db: Kysely<LedgerSchema>, keyring: Keyring) {
    this.#db = db;
    this.#keyring = keyring;
  }

  /** @throws CdiError `definition_missing` */
  async workspace(name: string): Promise<StoredWorkspace> {
    const row = await this.#db
      .selectFrom('workspaces')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    if (!row) throw new CdiError('definition_missing', `The workspace ${name} is not in the ledger.`);
    const definition = workspaceSchema.parse(row.definition);
    const secrets = this.#openSecrets(row.secret, `workspace ${name}`);
    return {
      definition,
      apiKey: secrets['api_key'] ?? '',
      webhooks: (definition.webhooks ?? []).map(({ name: webhook, url, format }, index) => ({
        name: webhook,
        url: secrets[`webhooks.${index}.url`] ?? url,
        secret: secrets[`webhooks.${index}.secret`],
        format,
      })),
    };
  }

  /** @throws CdiError `definition_missing` */
  async credential(name: string): Promise<StoredCredential> {
    const row = await this.#db
      .selectFrom('credentials')
      .selectAll()
      .where('name', '=', name)
      .executeTakeFirst();
    if (!row) throw new CdiError('definition_missing', `The credential ${name} is not in the ledger.`);
    return {
      definition: credentialSchema.parse(row.definition),
      secrets: this.#openSecrets(row.secret, `credential ${name}`),
    };
  }

  /** @throws CdiError `definition_missing` where no such sync is applied */
  async sync(name: string): Promise<StoredSync> {
    const row = await this.#db.selectFrom('syncs').selectAll().where('name', '=', name).executeTakeFirst();
    if (!row || row.deleted_at)
      throw new CdiError('definition_missing', `The sync ${name} is not in the ledger.`);
    return toStoredSync(row);
  }

  /** Every sync, deleted ones too, by name. */
  async syncs(): Promise<StoredSync[]> {
    const rows = await this.#db.selectFrom('syncs').selectAll().orderBy('name').execute();
    return rows.map((row) => toStoredSync(row));
  }

  async workspaces(): Promise<StoredSummary<WorkspaceDefinition>[]> {
    const rows = await this.#db
      .selectFrom('workspaces')
      .select(['definition', 'fingerprint'])
      .orderBy('name')
      .execute();
    return rows.map((row) => ({
      definition: workspaceSchema.parse(row.definition),
      fingerprint: row.fingerprint,
    }));
  }

  async credentials(): Promise<StoredSummary<CredentialDefinition>[]> {
    const rows = await this.#db
      .selectFrom('credentials')
      .select(['definition', 'fingerprint'])
      .orderBy('name')
      .execute();
    return rows.map((row) => ({
      definition: credentialSchema.parse(row.definition),
      fingerprint: row.fingerprint,
    }));
  }

  /** Fingerprint of secrets as `apply` would store them, to tell whether they changed. */
  fingerprint(secrets: Secrets): string {
    return this.#keyring.fingerprint(JSON.stringify(Object.entries(secrets).sort()));
  }

  /**
   * Writes the changes of one apply, all or none.
   *
   * @throws CdiError `invalid_definition` where a change breaks a rule that only the ledger can see:
   *   a credential or workspace in use is deleted, a table has a sync already, or a run is open
   */
  async change(changes: DefinitionChanges): Promise<void> {
    try {
      await this.#db.transaction().execute(async (tx) => {
        for (const { definition, secrets } of changes.workspaces) {
          const row = {
            definition: JSON.stringify(definition),
            secret: this.#seal(secrets, `workspace ${definition.name}`),
            fingerprint: this.fingerprint(secrets),
          };
          await tx
            .insertInto('workspaces')
            .values({ name: definition.name, ...row })
            .onConflict((conflict) => conflict.column('name').doUpdateSet({ ...row, updated_at: sql`now()` }))
            .execute();
        }
        for (const { definition, secrets } of changes.credentials) {
          const row = {
            warehouse: definition.warehouse,
            definition: JSON.stringify(definition),
            secret: this.#seal(secrets, `credential ${definition.name}`),
            fingerprint: this.fingerprint(secrets),
          };
          await tx
            .insertInto('credentials')
            .values({ name: definition.name, ...row })
            .onConflict((conflict) => conflict.column('name').doUpdateSet({ ...row, updated_at: sql`now()` }))
            .execute();
        }
        if (changes.deleteSyncs.length > 0) {
          await tx
            .updateTable('syncs')
            .set({ deleted_at: sql`now()`, paused: true, updated_at: sql`now()` })
            .where('name', 'in', [...changes.deleteSyncs])
            .execute();
        }
        const changed = changes.syncs.map(({ definition }) => definition.name);
        if (changed.length > 0) {
          // Syncs that swap their tables may not meet on the way.
          await tx
            .updateTable('syncs')
            .set((set) => ({ source: set.ref('name') }))
            .where('name', 'in', changed)
            .execute();
        }
        for (const { definition, watermark, retest } of changes.syncs) {
          const credential = await tx
            .selectFrom('credentials')
            .select('definition')
            .where('name', '=', definition.credential)
            .executeTakeFirst();
          const row = {
            workspace: definition.workspace,
            credential: definition.credential,
            source: tableKey(definition, credential && credentialSchema.parse(credential.definition)),
            definition: JSON.stringify(definition),
          };
          await tx
            .insertInto('syncs')
            .values({ name: definition.name, data_type: definition.data_type, ...row })
            .onConflict((conflict) =>
              conflict.column('name').doUpdateSet({
                ...row,
                deleted_at: null,
                updated_at: sql`now()`,
                ...(retest ? { tested_at: null } : {}),
              }),
            )
            .execute();
          if (watermark === 'reset') {
            await takeFromRuns(tx, definition.name);
            await tx.deleteFrom('watermarks').where('sync', '=', definition.name).execute();
            await forgetDelivered(tx, definition.name, null);
          }
        }
        for (const name of changes.deleteCredentials) {
          await forgetDeleted(tx, 'credential', name);
          await tx.deleteFrom('credentials').where('name', '=', name).execute();
        }
        for (const name of changes.deleteWorkspaces) {
          await forgetDeleted(tx, 'workspace', name);
          await tx.deleteFrom('workspaces').where('name', '=', name).execute();
        }
      });
    } catch (error) {
      const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
      if (code === FOREIGN_KEY_VIOLATION) {
        throw new CdiError(
          'invalid_definition',
          'A credential or workspace in use by a sync cannot be deleted.',
          { cause: error },
        );
      }
      if (code === UNIQUE_VIOLATION) {
        throw new CdiError('invalid_definition', 'Another sync of the workspace reads the same table.', {
          cause: error,
        });
      }
      throw error;
    }
  }

  /**
   * Deletes a credential that no sync, not even a deleted one that may come back, refers to.
   *
   * @throws CdiError `invalid_definition` where a sync uses it, `definition_missing` where there is none
   */
  async deleteCredential(name: string): Promise<void> {
    const users = await this.#db
      .selectFrom('syncs')
      .select(['name', 'deleted_at'])
      .where('credential', '=', name)
      .orderBy('name')
      .execute();
    if (users.some((sync) => sync.deleted_at === null)) {
      const names = users.map((sync) => sync.name).join(', ');
      throw new CdiError('invalid_definition', `The credential ${name} is in use by: ${names}.`);
    }
    await this.#db.transaction().execute(async (tx) => {
      await forgetDeleted(tx, 'credential', name);
      const result = await tx.deleteFrom('credentials').where('name', '=', name).executeTakeFirst();
      if (result.numDeletedRows === 0n) {
        throw new CdiError('definition_missing', `The credential ${name} is not in the ledger.`);
      }
    });
  }

  /** Records that the connection test of a sync passed. */
  async markTested(name: string): Promise<void> {
    await this.#db
      .updateTable('syncs')
      .set({ tested_at: sql`now()` })
      .where('name', '=', name)
      .execute();
  }

  /** Mirrors the pause of a schedule, so that it survives the loss of the Temporal database, and when it was let go. */
  async setPaused(name: string, paused: boolean, note: string | null): Promise<void> {
    await this.#db
      .updateTable('syncs')
      .set({
        paused,
        pause_note: note,
        ...(paused ? {} : { resumed_at: sql`case when paused then now() else resumed_at end` }),
      })
      .where('name', '=', name)
      .execute();
  }

  #seal(secrets: Secrets, purpose: string): Buffer {
    return this.#keyring.seal(Buffer.from(JSON.stringify(secrets)), purpose);
  }

  #openSecrets(sealed: Buffer, purpose: string): Secrets {
    return JSON.parse(this.#keyring.open(sealed, purpose).toString()) as Secrets;
  }
}

/**
 * Gives a sync a new epoch, so that a run that has begun since somebody looked can neither read on nor commit.
 *
 * @throws CdiError `invalid_definition` where a run is open
 */
async function takeFromRuns(tx: Transaction<LedgerSchema>, sync: string): Promise<void> {
  await tx
    .updateTable('syncs')
    .set((set) => ({ epoch: set('epoch', '+', 1), epoch_owner: null }))
    .where('name', '=', sync)
    .execute();
  if (await hasOpenRun(tx, sync))
    throw new CdiError('invalid_definition', `A run of ${sync} is open: wait for its end.`);
}

/** A deleted sync keeps its watermark, until what it refers to goes as well. */
async function forgetDeleted(
  tx: Transaction<LedgerSchema>,
  column: 'credential' | 'workspace',
  name: string,
): Promise<void> {
  await tx.deleteFrom('syncs').where(column, '=', name).where('deleted_at', 'is not', null).execute();
}

export function toStoredSync(row: Selectable<SyncTable>, parsed?: SyncDefinition): StoredSync {
  return {
    name: row.name,
    definition: parsed ?? syncSchema.parse(row.definition),
    deletedAt: row.deleted_at,
    testedAt: row.tested_at,
    paused: row.paused,
    pauseNote: row.pause_note,
    resumedAt: row.resumed_at,
    createdAt: row.created_at,
  };
}
