/** Streams rows at the speed of their consumer: a plain query whose socket is paused while nobody reads. */
import type { Socket } from 'node:net';
import pg from 'pg';
import type { SourceRow } from '../../../model/row.ts';
import type { RedshiftClient } from './connect.ts';
import { classifyRedshift } from './errors.ts';
import type { Query } from './sql.ts';

/** Rows handed over at a time; a socket read more may come with them. */
const GROUP_ROWS = 2_000;
/** Wide rows are handed over in smaller groups, so that memory stays bounded. */
const GROUP_CHARACTERS = 8 << 20;

type Cells = readonly (string | null)[];

const TEXT_ONLY: pg.CustomTypesConfig = {
  getTypeParser: () => (value: string) => value,
};

export async function* readRows(connection: RedshiftClient, query: Query): AsyncGenerator<SourceRow[]> {
  const socket = socketOf(connection.client);
  let group: SourceRow[] = [];
  let characters = 0;
  let ended = false;
  let failure: Error | undefined;
  let wake = (): void => undefined;

  const config: pg.QueryArrayConfig<string[]> = {
    text: query.text,
    values: [...query.values],
    rowMode: 'array',
    types: TEXT_ONLY,
  };
  const running = new pg.Query<string[]>(config);
  running.on('row', (cells: unknown) => {
    const row = toRow(cells as Cells);
    group.push(row);
    characters += row.payload?.length ?? 0;
    if (group.length === GROUP_ROWS || characters >= GROUP_CHARACTERS) {
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
      if (!ended && group.length < GROUP_ROWS && characters < GROUP_CHARACTERS) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          socket.resume();
        });
      }
      if (failure) throw classifyRedshift(failure);
      const full = group;
      group = [];
      characters = 0;
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
  }
}

/** MAINTENANCE: positions follow `READ_ROLES` in sql.ts, after the watermark text. */
function toRow(cells: Cells): SourceRow {
  const deleted = cells[9] ?? null;
  return {
    updatedAt: cells[0] ?? '',
    externalId: cells[1] ?? null,
    aliasName: cells[2] ?? null,
    aliasLabel: cells[3] ?? null,
    brazeId: cells[4] ?? null,
    email: cells[5] ?? null,
    phone: cells[6] ?? null,
    id: cells[7] ?? null,
    payload: cells[8] ?? null,
    deleted: deleted === null ? null : deleted === 't' || deleted === 'true',
  };
}

function socketOf(client: pg.Client): Socket {
  return (client as unknown as { connection: { stream: Socket } }).connection.stream;
}
