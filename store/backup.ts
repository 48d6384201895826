/**
 * The ledger as lines of text, as of one moment. The first line says what it is, then each table has a line of its own
 * before its rows, and the last line counts them. Rows are objects, the other lines begin with a bracket. What is encrypted
 * stays so.
 */
import { createHash } from 'node:crypto';
import pg from 'pg';
import { SAVED_TABLES } from './ledger-tables.ts';

export const BACKUP_FORMAT = 'braze-cdi ledger';
export const BACKUP_VERSION = 1;

export interface BackupHead {
  readonly format: typeof BACKUP_FORMAT;
  readonly version: number;
  /** By the ledger's clock. */
  readonly madeAt: string;
  /** Applied to the ledger that was backed up, in order. */
  readonly migrations: readonly string[];
  /** Keys that are needed to read it. */
  readonly keys: readonly string[];
}

export interface BackupTable {
  readonly table: string;
  readonly columns: readonly string[];
}

export interface BackupEnd {
  /** Number of rows by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Of all lines before this one, with their line breaks, in hex. */
  readonly sha256: string;
}

/** A fetch is about as large; a single row may be larger. */
const FETCH_BYTES = 8_000_000;
const FETCH_ROWS = 1_000;

/**
 * @param url PostgreSQL URL of the ledger
 * @param keys ids of the keys under which its values lie
 * @param write takes a line, with its line break; awaited
 * @returns what the last line says
 */
export async function backupLedger(
  url: string,
  keys: readonly string[],
  write: (line: string) => Promise<void>,
): Promise<BackupHead & BackupEnd> {
  const client = new pg.Client({ connectionString: url, application_name: 'braze-cdi backup' });
  client.on('error', () => undefined);
  await client.connect();
  const hash = createHash('sha256');
  const put = async (line: readonly [string, object] | string): Promise<void> => {
    const text = `${typeof line === 'string' ? line : JSON.stringify(line)}\n`;
    hash.update(text);
    await write(text);
  };
  try {
    // One snapshot for all tables, whatever is written meanwhile.
    await client.query('begin isolation level repeatable read read only');
    const head = await headOf(client, keys);
    await put(['ledger', head]);
    const rows: Record<string, number> = {};
    for (const table of await inOrderOfReference(client, SAVED_TABLES)) {
      await put(['table', { table, columns: await columnsOf(client, table) } satisfies BackupTable]);
      rows[table] = await putRows(client, table, put);
    }
    await client.query('commit');
    const end: BackupEnd = { rows, sha256: hash.digest('hex') };
    await write(`${JSON.stringify(['end', end])}\n`);
    return { ...head, ...end };
  } finally {
    await client.end();
  }
}

async function headOf(client: pg.Client, keys: readonly string[]): Promise<BackupHead> {
  const applied = await client.query<{ name: string }>('select name from kysely_migration order by name');
  const clock = await client.query<{ now: Date }>('select now() as now');
  return {
    format: BACKUP_FORMAT,
    version: BACKUP_VERSION,
    madeAt: clock.rows[0]?.now.toISOString() ?? '',
    migrations: applied.rows.map(({ name }) => name),
    keys,
  };
}

/** Those of the tables that there are; a table comes after those that it refers to. */
async function inOrderOfReference(client: pg.Client, tables: readonly string[]): Promise<string[]> {
  const { rows } = await client.query<{ from: string; to: string }>(
    `select f.relname as "from", t.relname as "to" from pg_constraint c
     join pg_class f on f.oid = c.conrelid join pg_class t on t.oid = c.confrelid
     where c.contype = 'f' and c.connamespace = current_schema()::regnamespace`,
  );
  const known = await client.query<{ table: string }>(
    `select name as "table" from unnest($1::text[]) name where to_regclass(quote_ident(name)) is not null`,
    [tables],
  );
  const ordered: string[] = [];
  const visit = (table: string): void => {
    if (ordered.includes(table)) return;
    for (const { from, to } of rows) if (from === table && to !== table) visit(to);
    ordered.push(table);
  };
  known.rows.forEach(({ table }) => visit(table));
  return ordered;
}

async function columnsOf(client: pg.Client, table: string): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select attname as name from pg_attribute
     where attrelid = $1::regclass and attnum > 0 and not attisdropped and attgenerated = '' order by attnum`,
    [table],
  );
  return rows.map(({ name }) => name);
}

async function putRows(
  client: pg.Client,
  table: string,
  put: (line: string) => Promise<void>,
): Promise<number> {
  await client.query(
    `declare saved no scroll cursor for select row_to_json(t)::text as line from ${table} t`,
  );
  let count = 0;
  for (let size = 1; ;) {
    const { rows } = await client.query<{ line: string }>(`fetch ${size} from saved`);
    if (rows.length === 0) break;
    let bytes = 0;
    for (const { line } of rows) {
      bytes += line.length;
      await put(line);
    }
    count += rows.length;
    size = Math.max(1, Math.min(FETCH_ROWS, 2 * size, Math.floor(FETCH_BYTES / (bytes / rows.length))));
  }
  await client.query('close saved');
  return count;
}
