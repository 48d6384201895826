/** A port that is still free when its server comes back. */
import { randomInt } from 'node:crypto';
import { claimPort } from '../../client/embedded/claim-port.ts';

/** Below what systems give to outgoing connections, one of which could otherwise take it while the server is away. */
const [FROM, TO] = [20_000, 32_000];
const ATTEMPTS = 50;

export async function lastingPort(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await claimPort(randomInt(FROM, TO), 'another is tried');
    } catch (error) {
      if (attempt === ATTEMPTS) throw error;
    }
  }
}
