/** `cdi key add|list|revoke`: keys of the HTTP API and its status page. */
import { API_PERMISSION_NAMES, type ApiPermission, isApiPermission } from '../../model/api-permissions.ts';
import { nameSchema } from '../../model/common-fields.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import type { Session } from '../session.ts';

/**
 * Makes a key and prints it, this once.
 *
 * @param permissions names of permissions, or `all`
 * @throws CommandError `usage` where the name is taken or wrong, or a permission does not exist
 */
export async function addKey(
  session: Session,
  output: Output,
  name: string,
  permissions: readonly string[],
): Promise<void> {
  const problem = nameSchema.safeParse(name).error?.issues[0]?.message;
  if (problem !== undefined) throw new CommandError(EXIT.usage, `The name of the key: ${problem}.`);
  const granted = permissionsOf(permissions);
  await session.ledger.migrate();
  const key = await session.ledger.apiKeys.add(name, granted);
  if (key === undefined)
    throw new CommandError(
      EXIT.usage,
      `There is a key ${name}. Choose another name, or revoke it: \`cdi key revoke ${name}\`.`,
    );
  if (output.json) {
    output.print(JSON.stringify({ name, key, permissions: granted }));
    return;
  }
  output.say(`This is the key ${name}. It is shown this once, and kept only as a hash:\n`);
  output.print(key);
}

function permissionsOf(names: readonly string[]): readonly ApiPermission[] {
  if (names.includes('all')) return API_PERMISSION_NAMES;
  const known = API_PERMISSION_NAMES.join(', ');
  if (names.length === 0)
    throw new CommandError(EXIT.usage, `Say what the key may do with --permission: all, ${known}.`);
  return [...new Set(names)].map((name) => {
    if (isApiPermission(name)) return name;
    throw new CommandError(EXIT.usage, `There is no permission ${name}. There are: all, ${known}.`);
  });
}

export async function listKeys(session: Session, output: Output): Promise<void> {
  const keys = await session.ledger.apiKeys.list();
  if (output.json) {
    output.print(JSON.stringify(keys));
    return;
  }
  output.print(
    table(
      ['KEY', 'ID', 'MADE', 'REVOKED', 'PERMISSIONS'],
      keys.map(({ name, id, createdAt, revokedAt, permissions }) => [
        name,
        id,
        createdAt.toISOString().slice(0, 10),
        revokedAt?.toISOString().slice(0, 10) ?? '–',
        permissions.join(' '),
      ]),
    ),
  );
}

/** @throws CommandError `notFound` */
export async function revokeKey(session: Session, output: Output, name: string): Promise<void> {
  if (!(await session.ledger.apiKeys.revoke(name)))
    throw new CommandError(EXIT.notFound, `There is no valid key ${name}. See \`cdi key list\`.`);
  output.print(
    output.json
      ? JSON.stringify({ revoked: name })
      : `${name}: revoked. Requests with it, and sessions of the status page, end at once.`,
  );
}
