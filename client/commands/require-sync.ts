import type { StoredSync } from '../../store/definitions.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Session } from '../session.ts';

/** @throws CommandError `notFound`, naming the syncs there are */
export async function requireSync(session: Session, name: string): Promise<StoredSync> {
  const syncs = (await session.ledger.definitions.syncs()).filter((sync) => sync.deletedAt === null);
  const found = syncs.find((sync) => sync.name === name);
  if (found) return found;
  const known = syncs.map((sync) => sync.name).join(', ') || 'none yet; run `cdi apply`';
  throw new CommandError(EXIT.notFound, `There is no sync ${name}. Known: ${known}.`);
}
