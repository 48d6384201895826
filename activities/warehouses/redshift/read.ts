/** Streams rows at the speed of their consumer: a plain query whose socket is paused while nobody reads. */
import type { Socket } from 'node:net';
import pg from 'pg';
import { EncodedRow } from '../../rows/encoded-row.ts';
import type { RedshiftClient } from './connect.ts';
import { divertDataRows } from './data-rows.ts';
import { classifyRedshift } from './errors.ts';
import type { Query } from './sql.ts';

/** Rows handed over at a time; a socket read more may come with them. */
const GROUP_ROWS = 2_000;
/** Wide rows are handed over in smaller groups, so that memory stays bounded. */
const GROUP_BYTES = 8 << 20;

export async function* readRows(connection: RedshiftClient, query: Query): AsyncGenerator<EncodedRow[]> {
  const socket = socketOf(connection.client);
  let group: EncodedRow[] = [];
  let bytes = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;

  const running = new pg.Query({ text: query.text, values: [...query.values] });
  // Their fields come in the order of `READ_ROLES` in sql.ts, after the watermark text.
  const giveBack = divertDataRows(socket, (chunk, start, end) => {
    group.push(new EncodedRow(chunk, start, end));
    bytes += end - start;
    if (group.length === GROUP_ROWS || bytes >= GROUP_BYTES) {
      socket.pause();
      wake();
    }
  });
  running.on('error', (error: Error) => {
    failure = error;
    ended = true;
    wake();
  });
  running.on('end', () => {
    ended = true;
    wake();
  });
  connection.client.query(running);

  try {
    for (;;) {
      if (!ended && group.length < GROUP_ROWS && bytes < GROUP_BYTES) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          socket.resume();
        });
      }
      if (failure) throw classifyRedshift(failure);
      const full = group;
      group = [];
      bytes = 0;
      if (full.length > 0) yield full;
      if (ended && group.length === 0) return;
    }
  } finally {
    if (!ended) {
      await connection.cancel().catch(() => undefined);
      // The server's answer to the cancelled query has to be drained before the connection is of use again.
      await new Promise<void>((resolve) => {
        wake = resolve;
        if (ended) resolve();
        socket.resume();
      });
    }
    giveBack();
  }
}

function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
