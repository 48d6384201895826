/** The tables of the stand-in: one JSON file each, which serve-tables.py reads when it is asked for the table. */
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { COLUMNS_OF, COLUMN_RULES, type ColumnRole } from '../../../model/source-columns.ts';
import { LARGE_TABLE_START, ROWS_PER_INSTANT } from '../conformance/large-table.ts';
import type { StandInRow, TableSpec } from '../stand-in.ts';

export const SCHEMA = 'dbo';
const DIGITS_AT = 'YYYY-MM-DDTHH:MM:SS.'.length;
const DIGITS = 6;

interface TableFile {
  readonly name: string;
  /** Names and types. */
  readonly columns: readonly (readonly [name: string, type: string])[];
  readonly rows?: readonly (readonly (string | boolean | null)[])[];
  /** Start, rows, bytes of a payload, rows of an instant: the server makes the rows itself. */
  readonly large?: readonly [string, number, number, number];
}

/** Schema and name of the table that a view shows. */
interface ViewFile {
  readonly view_of: readonly [schema: string, table: string];
}

const TYPES: Readonly<Partial<Record<ColumnRole, string>>> = {
  updatedAt: 'datetime2(6)',
  payload: 'varchar(max)',
  deleted: 'bit',
};

export class Tables {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @param types of columns that are to have another type; null: none of them */
  async create(
    spec: TableSpec,
    rows: readonly StandInRow[],
    types: Readonly<Partial<Record<ColumnRole, string | null>>> = {},
  ): Promise<SourceTable> {
    const identifier = spec.identifierType === 'integer' ? 'bigint' : 'varchar(1000)';
    const columns = COLUMNS_OF[spec.dataType].flatMap((role) => {
      const wanted = role === 'payload' ? (spec.payloadType ?? TYPES.payload) : (TYPES[role] ?? identifier);
      const type = role in types ? types[role] : wanted;
      const { name } = COLUMN_RULES[role];
      return typeof type === 'string'
        ? [{ role, type, name: spec.columnCase === 'lower' ? name.toLowerCase() : name }]
        : [];
    });
    const source = { schema: spec.schema ?? SCHEMA, table: spec.name };
    await this.#write(source, {
      name: spec.name,
      columns: columns.map(({ name, type }) => [name, type]),
      rows: rows.map((row) => columns.map(({ role }) => valueOf(row, role))),
    });
    return source;
  }

  async createLarge(name: string, rows: number, payloadBytes: number): Promise<SourceTable> {
    const source = { schema: SCHEMA, table: name };
    const columns = COLUMNS_OF.attributes.map(
      (role) => [COLUMN_RULES[role].name, TYPES[role] ?? 'varchar(1000)'] as const,
    );
    await this.#write(source, {
      name,
      columns,
      large: [LARGE_TABLE_START, rows, payloadBytes, ROWS_PER_INSTANT],
    });
    return source;
  }

  async addRows(source: SourceTable, rows: readonly StandInRow[]): Promise<void> {
    const file = await this.#read(source);
    const roles = file.columns.map(([name]) => roleOf(name));
    const added = rows.map((row) => roles.map((role) => valueOf(row, role)));
    await this.#write(source, { ...file, rows: [...(file.rows ?? []), ...added] });
  }

  async createView(name: string, over: SourceTable): Promise<SourceTable> {
    const source = { schema: SCHEMA, table: name };
    await this.#write(source, { view_of: [over.schema, over.table] });
    return source;
  }

  #pathOf({ schema, table }: SourceTable): string {
    const key = createHash('sha256').update(`${schema}\0${table}`).digest('hex');
    return join(this.#folder, `${key}.json`);
  }

  async #read(source: SourceTable): Promise<TableFile> {
    return JSON.parse(await readFile(this.#pathOf(source), 'utf8')) as TableFile;
  }

  /** At once, for the server may be reading. */
  async #write(source: SourceTable, file: TableFile | ViewFile): Promise<void> {
    const path = this.#pathOf(source);
    await writeFile(`${path}.draft`, JSON.stringify(file));
    await rename(`${path}.draft`, path);
  }
}

function roleOf(column: string): ColumnRole {
  const found = Object.entries(COLUMN_RULES).find(([, { name }]) => name === column.toUpperCase());
  if (!found) throw new Error(`No row has anything for a column ${column}.`);
  return found[0] as ColumnRole;
}

function valueOf(row: StandInRow, role: ColumnRole): string | boolean | null {
  const value = row[role] ?? null;
  return role === 'updatedAt' && typeof value === 'string' ? value.slice(0, DIGITS_AT + DIGITS) : value;
}
