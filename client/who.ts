import { hostname, userInfo } from 'node:os';

/** Who sits at this terminal, for the record: `user@machine`. */
export function whoAmI(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A user id without a name, as in a container.
    return `somebody@${hostname()}`;
  }
}
