import type { CredentialDefinition } from '../../model/definitions.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Session } from '../session.ts';

/** @throws CommandError `notFound`, naming the credentials there are */
export async function requireCredential(session: Session, name: string): Promise<CredentialDefinition> {
  const credentials = (await session.ledger.definitions.credentials()).map(({ definition }) => definition);
  const found = credentials.find((credential) => credential.name === name);
  if (found) return found;
  const known = credentials.map((credential) => credential.name).join(', ') || 'none yet; run `cdi apply`';
  throw new CommandError(EXIT.notFound, `There is no credential ${name}. Known: ${known}.`);
}
