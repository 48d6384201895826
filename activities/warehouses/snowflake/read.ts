/** Streams the rows of a result at the speed of their consumer. */
import type { RowStatement } from 'snowflake-sdk';
import { classifySnowflake } from './errors.ts';
import type { SnowflakeSession } from './session.ts';

/** Columns as text, in the order of the query; counts come as numbers. */
export type TextRow = readonly (string | number | null)[];

/** Rows handed over at a time. */
const GROUP_ROWS = 2_000;
/** Wide rows are handed over in smaller groups, so that memory stays bounded. */
const GROUP_CHARACTERS = 8 << 20;

/** @throws CdiError of classifySnowflake, `query_timeout` where no more rows come in time; the signal's reason */
export async function* streamRows(
  session: SnowflakeSession,
  statement: RowStatement,
): AsyncGenerator<TextRow[]> {
  let group: TextRow[] = [];
  let characters = 0;
  let ended = false;
  let failure: unknown;
  let wake = (): void => undefined;
  const isFull = (): boolean => group.length >= GROUP_ROWS || characters >= GROUP_CHARACTERS;

  const stream = statement.streamRows();
  stream.pause();
  stream.on('data', (row: TextRow) => {
    group.push(row);
    for (const value of row) if (typeof value === 'string') characters += value.length;
    if (!isFull()) return;
    stream.pause();
    wake();
  });
  stream.on('error', (error: unknown) => {
    failure = error;
    wake();
  });
  stream.on('end', () => {
    ended = true;
    wake();
  });

  try {
    for (;;) {
      if (!ended && failure === undefined && !isFull()) {
        const more = new Promise<void>((resolve) => (wake = resolve));
        stream.resume();
        await session.waitForRows(more, () => stream.destroy());
      }
      if (failure !== undefined) throw classifySnowflake(failure);
      const full = group;
      group = [];
      characters = 0;
      if (full.length > 0) yield full;
      // It may have failed while somebody was busy with the rows.
      if (ended && failure === undefined && group.length === 0) return;
    }
  } finally {
    stream.destroy();
  }
}
