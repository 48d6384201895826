/** Statements of the product: what BigQuery would say of them, and how the emulator has to be asked. */
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { GoogleError } from './google-error.ts';

/** Every word of GoogleSQL that the product is known to use, and its aliases: anything else is looked at by a person first. */
const KNOWN_WORDS = new Set(
  (
    'SELECT FROM WHERE AND AS IS NOT NULL IN UNNEST BETWEEN GROUP ORDER BY LIMIT FALSE ' +
    'CAST STRING TIMESTAMP DATETIME INTERVAL MILLISECOND COUNT IF IFNULL CASE WHEN THEN ELSE END LOWER CONCAT CHR SUBSTR MD5 TO_HEX TO_JSON_STRING ' +
    'FORMAT_DATETIME CURRENT_TIMESTAMP TIMESTAMP_SUB UPDATED_AT ' +
    't wm upper_wm n prefix c0 c1 c2 c3 c4 c5 c6 c7 c8'
  ).split(' '),
);
const QUOTED_NAME = '`((?:[^`\\\\]|\\\\.)*)`';
const TABLE = new RegExp(`\\bFROM ${QUOTED_NAME}\\.${QUOTED_NAME}`);
const LITERALS = new RegExp(`${QUOTED_NAME}|'(?:[^'\\\\]|\\\\.)*'|@[a-z]+|\\b\\d+\\b`, 'g');

/** @returns what BigQuery would not take, or what is not known to be taken */
export function unknownTo(sql: string): string[] {
  const bare = sql.replace(LITERALS, ' ');
  const words = bare.match(/\w+/g) ?? [];
  const signs = bare.match(/[^\w\s(),.*<>=]/g) ?? [];
  return [...words.filter((word) => !KNOWN_WORDS.has(word)), ...signs];
}

/** The table that a statement reads. */
export function tableOf(sql: string): SourceTable | undefined {
  const [, schema, table] = TABLE.exec(sql) ?? [];
  return schema === undefined || table === undefined
    ? undefined
    : { schema: unescaped(schema), table: unescaped(table) };
}

const unescaped = (name: string): string => name.replace(/\\(.)/gs, '$1');

/** @throws GoogleError where nothing can have such a name. Source: naming of datasets and of tables */
export function requireNames({ schema, table }: SourceTable): void {
  if (!/^\w{1,1024}$/.test(schema)) throw new GoogleError('invalid', `Invalid dataset ID "${schema}".`);
  if (!/^[\p{L}\p{M}\p{N}\p{Pc}\p{Pd}\p{Zs}]{1,1024}$/u.test(table))
    throw new GoogleError('invalid', `Invalid table ID "${table}".`);
}

/** The emulator takes few names, and takes upper for lower case. */
export function emulatorName(name: string): string {
  return /^[a-z0-9_]+$/.test(name) ? name : `x_${Buffer.from(name).toString('hex')}`;
}

/** The emulator knows `%E4Y` as `%Y`, which it writes with four digits for a DATETIME. */
export function forEmulator(sql: string): string {
  const table = tableOf(sql);
  const text = sql.replaceAll('%E4Y', '%Y');
  if (!table) return text;
  return text.replace(TABLE, () => `FROM \`${emulatorName(table.schema)}\`.\`${emulatorName(table.table)}\``);
}

/** The emulator lets messages of DuckDB through. */
export function asBigquerySays({ reason, message }: { reason: string; message: string }): GoogleError {
  const [, outer, column] = /Table "(\w+)" does not have a column named "(.+?)"/.exec(message) ?? [];
  if (column !== undefined)
    return new GoogleError(reason, `Name ${column} not found inside ${outer ?? ''} at [1:1]`);
  return new GoogleError(reason, message);
}
