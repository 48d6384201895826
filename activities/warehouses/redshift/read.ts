/** Streams rows at the speed of their consumer: a plain query whose socket is paused while nobody reads. */
import type { EncodedRow } from '../../rows/encoded-row.ts';
import type { RedshiftClient } from './client.ts';
import { divertDataRows } from './data-rows.ts';
import type { Query } from './sql.ts';

/** Rows handed over at a time; a socket read more may come with them. */
const GROUP_ROWS = 2_000;
/** Wide rows are handed over in smaller groups, so that memory stays bounded. */
const GROUP_BYTES = 8 << 20;

/** Makes a row of where its fields lie. */
export type RowOf = (bytes: Buffer, start: number, end: number) => EncodedRow;

/** @throws CdiError of the warehouse's classes */
export async function* readRows(
  connection: RedshiftClient,
  query: Query,
  rowOf: RowOf,
): AsyncGenerator<EncodedRow[]> {
  const { socket } = connection;
  let group: EncodedRow[] = [];
  let bytes = 0;
  let isEnded = false;
  let isLeft = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;
  const isEnough = (): boolean => isEnded || group.length >= GROUP_ROWS || bytes >= GROUP_BYTES;

  // Their fields come in the order of `READ_ROLES` in sql.ts, after the watermark text.
  const giveBack = divertDataRows(socket, (chunk, start, end) => {
    if (isLeft) return;
    group.push(rowOf(chunk, start, end));
    bytes += end - start;
    if (isEnough()) {
      socket.pause();
      wake();
    }
  });
  connection.send(query, (reason) => {
    failure = reason;
    isEnded = true;
    wake();
  });

  try {
    for (;;) {
      if (!isEnough()) {
        const { promise, resolve } = Promise.withResolvers<undefined>();
        wake = () => resolve(undefined);
        socket.resume();
        await connection.waitFor(promise);
      }
      if (failure) throw connection.explain(failure);
      const full = group;
      group = [];
      bytes = 0;
      if (full.length > 0) yield full;
      // It may have failed while somebody was busy with the rows.
      if (isEnded && !failure && group.length === 0) return;
    }
  } finally {
    if (!isEnded) {
      // What is still under way has to be drained before the connection is of use again.
      isLeft = true;
      group = [];
      socket.resume();
      await connection.cancel();
    }
    giveBack();
  }
}
