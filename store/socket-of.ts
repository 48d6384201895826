import type { Socket } from 'node:net';
import type pg from 'pg';

/** What a client talks through: its types hide it. It changes once, when TLS begins. */
export function socketOf(client: pg.ClientBase): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
