/** A database of PostgreSQL that is as much like Redshift as it can be. */
import { randomBytes, randomUUID } from 'node:crypto';
import pg from 'pg';

export interface SourceDatabase extends AsyncDisposable {
  readonly name: string;
  /** A superuser's connection. */
  readonly admin: pg.Client;
  /** The user of the product. */
  readonly user: string;
  readonly password: string;
  /** Another connection of the superuser. */
  connect(): Promise<pg.Client>;
  /** Makes another user, who may read nothing. @param connections how many it may have open at once */
  addUser(connections?: number): Promise<{ user: string; password: string }>;
}

/**
 * Redshift's SUPER by its name and its number; its values are JSON as text. PostgreSQL numbers types by itself, so the
 * number is put in afterwards.
 */
const SUPER = [
  'create type super',
  `create function super_in(cstring) returns super as 'textin' language internal immutable strict`,
  `create function super_out(super) returns cstring as 'textout' language internal immutable strict`,
  `create type super (input = super_in, output = super_out, like = text, category = 'S')`,
  'set allow_system_table_mods = on',
  `update pg_proc set prorettype = 4000 where proname = 'super_in'`,
  `update pg_proc set proargtypes = '4000' where proname = 'super_out'`,
  `update pg_type set oid = 4000 where typname = 'super'`,
  'reset allow_system_table_mods',
  `create function json_size(super) returns integer as 'textoctetlen' language internal immutable strict`,
  // JSON_SERIALIZE of PostgreSQL casts what it is given to text; Redshift's fails where no VARCHAR holds the result.
  `create function super_text(super) returns text language plpgsql immutable strict as $$
    begin
      if json_size($1) > 65535 then raise exception using errcode = 'XX000', message = 'Result size exceeds varchar limit'; end if;
      return textin(super_out($1));
    end $$`,
  'create cast (super as text) with function super_text(super) as implicit',
  `create function json_serialize_to_varbyte(super) returns text language sql immutable strict
    return encode(convert_to(textin(super_out($1)), 'UTF8'), 'hex')`,
];

/** @param adminUrl of a superuser */
export async function makeDatabase(adminUrl: string): Promise<SourceDatabase> {
  await using cleanup = new AsyncDisposableStack();
  const suffix = randomUUID().slice(0, 8);
  const name = `redshift_${suffix}`;
  const connect = async (database: string): Promise<pg.Client> => {
    const url = new URL(adminUrl);
    url.pathname = `/${database}`;
    const client = new pg.Client({ connectionString: url.href });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  };

  const server = await connect('postgres');
  cleanup.defer(() => server.end());
  await server.query(`create database ${name}`);
  const users: string[] = [];
  cleanup.defer(async () => {
    await server.query(`drop database if exists ${name} with (force)`);
    for (const user of users) await server.query(`drop role ${user}`);
  });
  // A session's time zone is nobody's business.
  await server.query(`alter database ${name} set timezone to 'America/New_York'`);

  const addUser = async (connections = -1): Promise<{ user: string; password: string }> => {
    const user = `reader_${users.length}_${suffix}`;
    const password = randomBytes(12).toString('hex');
    await server.query(`create role ${user} login password '${password}' connection limit ${connections}`);
    users.push(user);
    return { user, password };
  };
  const reader = await addUser();
  await server.query(`alter role ${reader.user} set log_statement to 'all'`);

  const admin = await connect(name);
  cleanup.defer(() => admin.end());
  for (const statement of SUPER) await admin.query(statement);
  const whole = cleanup.move();
  return {
    name,
    admin,
    ...reader,
    connect: () => connect(name),
    addUser,
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}
