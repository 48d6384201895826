import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { StartError } from './start-error.ts';

export const LOCALHOST = '127.0.0.1';

/**
 * Where free ports are picked: below what systems give to outgoing connections, one of which could otherwise take a
 * port before its server opens it, or while that server is being restarted.
 */
const [FIRST, END] = [20_000, 32_000];
const ATTEMPTS = 50;

/** No port is picked twice in one process: its first server may not have opened it yet. */
const picked = new Set<number>();

/**
 * Makes sure that a port of 127.0.0.1 can be listened on.
 * @param port 0 picks a free one.
 * @param remedy what the user can do if it is taken, as the end of a sentence.
 * @returns the port.
 * @throws StartError when another program holds the port, or this user may not open it.
 */
export async function claimPort(port: number, remedy: string): Promise<number> {
  if (port !== 0) {
    await tryPort(port, remedy);
    return port;
  }
  for (let attempt = 1; ; attempt += 1) {
    const candidate = randomInt(FIRST, END);
    if (picked.has(candidate)) continue;
    picked.add(candidate);
    try {
      await tryPort(candidate, remedy);
      return candidate;
    } catch (error) {
      if (attempt >= ATTEMPTS) throw error;
    }
  }
}

/** @throws StartError */
async function tryPort(port: number, remedy: string): Promise<void> {
  const server = createServer();
  try {
    server.listen({ port, host: LOCALHOST, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') {
      throw new StartError(`Port ${port} is in use by another program: ${remedy}.`);
    }
    throw new StartError(`Port ${port} cannot be opened (${code ?? 'unknown'}): ${remedy}.`);
  } finally {
    server.close();
  }
}
