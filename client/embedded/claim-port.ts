import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { StartError } from './start-error.ts';

export const LOCALHOST = '127.0.0.1';

/**
 * Makes sure that a port of 127.0.0.1 can be listened on.
 * @param port 0 picks a free one.
 * @param remedy what the user can do if it is taken, as the end of a sentence.
 * @returns the port.
 * @throws StartError when another program holds the port, or this user may not open it.
 */
export async function claimPort(port: number, remedy: string): Promise<number> {
  const server = createServer();
  try {
    server.listen({ port, host: LOCALHOST, exclusive: true });
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
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
