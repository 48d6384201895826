/** Puts a backup in the place of a ledger, all of it or nothing. */
import { createHash, type Hash } from 'node:crypto';
import { type Kysely, type Transaction, sql } from 'kysely';
import { CdiError } from '../model/errors.ts';
import {
  BACKUP_FORMAT,
  BACKUP_VERSION,
  type BackupEnd,
  type BackupHead,
  type BackupTable,
} from './backup.ts';
import { ALL_TABLES } from './ledger-tables.ts';
import { MIGRATIONS } from './migrate.ts';
import type { LedgerSchema } from './schema.ts';

export interface RestoreOptions {
  /** Whether a ledger that is in use may be replaced. */
  readonly replace: boolean;
  /** Why the schedules are paused, given when the backup was made. */
  readonly pauseNote: (madeAt: string) => string;
}

/** A sync as it stands after the restore. */
export interface RestoredSync {
  readonly name: string;
  readonly dataType: string;
  /** Null: nothing was delivered when the backup was made. */
  readonly watermark: string | null;
  /** What the replaced ledger had; undefined where it did not know the sync. */
  readonly watermarkBefore: string | null | undefined;
}

export interface Restored {
  readonly head: BackupHead;
  readonly end: BackupEnd;
  readonly syncs: readonly RestoredSync[];
}

const BATCH_BYTES = 4_000_000;
const BATCH_ROWS = 1_000;

/**
 * Every sync gets an epoch beyond those of the backup and of the ledger it replaces, so that a run from before commits
 * nothing; and every schedule is paused in the ledger, because what was delivered after the backup goes again.
 *
 * @param lines of the backup, without their line breaks
 * @throws CdiError `invalid_definition` where the ledger is in use, or the lines are no whole backup that this program can read
 */
export async function restoreLedger(
  db: Kysely<LedgerSchema>,
  lines: AsyncIterable<string>,
  options: RestoreOptions,
): Promise<Restored> {
  return db.transaction().execute(async (tx) => {
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(tx);
    const before = await present(tx);
    if (before.inUse && !options.replace)
      throw new CdiError(
        'invalid_definition',
        'The ledger is in use; --replace puts the backup in its place.',
      );
    const { head, end } = await load(tx, new Reader(lines)).catch((error: unknown) => {
      throw isOfTheContent(error) ? damaged() : error;
    });
    const note = options.pauseNote(head.madeAt);
    await sql`
      update syncs set epoch = greatest(epoch, coalesce((${JSON.stringify(before.epochs)}::jsonb ->> name)::bigint, 0)) + 1,
        epoch_owner = null, pause_note = case when paused then coalesce(pause_note, ${note}) else ${note} end, paused = true`.execute(
      tx,
    );
    const syncs = await tx
      .selectFrom('syncs')
      .leftJoin('watermarks', 'watermarks.sync', 'syncs.name')
      .select(['name', 'data_type', 'value'])
      .where('deleted_at', 'is', null)
      .orderBy('name')
      .execute();
    return {
      head,
      end,
      syncs: syncs.map(({ name, data_type: dataType, value }) => ({
        name,
        dataType,
        watermark: value,
        watermarkBefore: before.watermarks.get(name),
      })),
    };
  });
}

interface Present {
  readonly inUse: boolean;
  readonly epochs: Readonly<Record<string, number>>;
  readonly watermarks: ReadonlyMap<string, string | null>;
}

async function present(tx: Transaction<LedgerSchema>): Promise<Present> {
  const syncs = await tx
    .selectFrom('syncs')
    .leftJoin('watermarks', 'watermarks.sync', 'syncs.name')
    .select(['name', 'syncs.epoch', 'value'])
    .forUpdate('syncs')
    .execute();
  const { rows } = await sql<{ used: boolean }>`
    select exists (select from workspaces) or exists (select from credentials) or exists (select from runs) as used`.execute(
    tx,
  );
  return {
    inUse: syncs.length > 0 || rows[0]?.used === true,
    epochs: Object.fromEntries(syncs.map(({ name, epoch }) => [name, epoch])),
    watermarks: new Map(syncs.map(({ name, value }) => [name, value])),
  };
}

/** The tables are made as they were, filled, and brought forward from there as an upgrade would. */
async function load(
  tx: Transaction<LedgerSchema>,
  reader: Reader,
): Promise<{ head: BackupHead; end: BackupEnd }> {
  const head = headOf(await reader.next());
  const names = Object.keys(MIGRATIONS);
  const unknown = head.migrations.filter((name) => !names.includes(name));
  if (unknown.length > 0 || head.version !== BACKUP_VERSION) {
    throw new CdiError(
      'invalid_definition',
      'A newer version of braze-cdi made this backup: restore it with that one.',
    );
  }
  for (const table of ALL_TABLES) await sql`drop table if exists ${sql.table(table)} cascade`.execute(tx);
  for (const name of names) if (head.migrations.includes(name)) await MIGRATIONS[name]?.up(tx);
  const counted: Record<string, number> = {};
  let table: BackupTable | undefined;
  let batch: string[] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (table && batch.length > 0) await insert(tx, table, batch);
    batch = [];
    bytes = 0;
  };
  let end: BackupEnd | undefined;
  while (!end) {
    const line = await reader.next();
    if (line.startsWith('[')) {
      await flush();
      const [kind, what] = JSON.parse(line) as ['table', BackupTable] | ['end', BackupEnd];
      if (kind === 'end') {
        end = what;
        continue;
      }
      if (!ALL_TABLES.includes(what.table)) throw damaged();
      table = what;
      counted[table.table] = 0;
    } else {
      if (!table) throw damaged();
      counted[table.table] = (counted[table.table] ?? 0) + 1;
      batch.push(line);
      bytes += line.length;
      if (batch.length >= BATCH_ROWS || bytes >= BATCH_BYTES) await flush();
    }
  }
  if (end.sha256 !== reader.hashBeforeLast || JSON.stringify(end.rows) !== JSON.stringify(counted))
    throw damaged();
  for (const name of names) if (!head.migrations.includes(name)) await MIGRATIONS[name]?.up(tx);
  return { head, end };
}

async function insert(
  tx: Transaction<LedgerSchema>,
  { table, columns }: BackupTable,
  rows: readonly string[],
): Promise<void> {
  const list = sql.join(columns.map((column) => sql.ref(column)));
  await sql`
    insert into ${sql.table(table)} (${list}) overriding system value
    select ${list} from json_populate_recordset(null::${sql.table(table)}, ${`[${rows.join(',')}]`}::json)`.execute(
    tx,
  );
  await advanceSequences(tx, table);
}

/** Ids go on after those that were restored. */
async function advanceSequences(tx: Transaction<LedgerSchema>, table: string): Promise<void> {
  const { rows } = await sql<{ column: string; sequence: string }>`
    select attname as column, pg_get_serial_sequence(${table}, attname) as sequence from pg_attribute
    where attrelid = ${table}::regclass and attnum > 0 and not attisdropped
      and pg_get_serial_sequence(${table}, attname) is not null`.execute(tx);
  for (const { column, sequence } of rows) {
    await sql`
      select setval(${sequence}::regclass, (select max(${sql.ref(column)}) from ${sql.table(table)}))`.execute(
      tx,
    );
  }
}

function headOf(line: string): BackupHead {
  try {
    const [, head] = JSON.parse(line) as ['ledger', BackupHead];
    if (head.format === BACKUP_FORMAT) return head;
  } catch {
    // It is told below.
  }
  throw new CdiError('invalid_definition', 'This is no backup of a ledger.');
}

const damaged = (): CdiError =>
  new CdiError('invalid_definition', 'The backup is damaged or not complete; nothing was changed.');

/** SQLSTATE classes 22 and 23: values that do not fit, rows that break a constraint. */
function isOfTheContent(error: unknown): boolean {
  if (error instanceof SyntaxError) return true;
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && /^2[23]...$/.test(code);
}

/** Lines one by one, and the hash of all that came before the last. */
class Reader {
  readonly #lines: AsyncIterator<string>;
  readonly #hash: Hash = createHash('sha256');
  #last: string | undefined;

  constructor(lines: AsyncIterable<string>) {
    this.#lines = lines[Symbol.asyncIterator]();
  }

  /** @throws CdiError `invalid_definition` after the last line */
  async next(): Promise<string> {
    if (this.#last !== undefined) this.#hash.update(`${this.#last}\n`);
    const next = await this.#lines.next();
    if (next.done === true) throw damaged();
    this.#last = next.value;
    return next.value;
  }

  get hashBeforeLast(): string {
    return this.#hash.copy().digest('hex');
  }
}
