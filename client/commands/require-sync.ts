import { CdiError } from '../../model/errors.ts';
import type { StoredSync } from '../../store/definitions.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Session } from '../session.ts';

/** @throws CommandError `notFound`, naming the syncs there are */
export async function requireSync(session: Session, name: string): Promise<StoredSync> {
  try {
    return await session.ledger.definitions.sync(name);
  } catch (error) {
    if (!(error instanceof CdiError) || error.type !== 'definition_missing') throw error;
  }
  const syncs = (await session.ledger.definitions.syncs()).filter((sync) => sync.deletedAt === null);
  const known = syncs.map((sync) => sync.name).join(', ') || 'none yet; run `cdi apply`';
  throw new CommandError(EXIT.notFound, `There is no sync ${name}. Known: ${known}.`);
}
