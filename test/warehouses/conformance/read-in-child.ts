/**
 * A program that reads a table to its end and tells how much memory it kept meanwhile, once rubbish was collected. Gets a
 * `ReadTask` as JSON on its standard input and writes a `ReadReport` to its standard output. Needs `node --expose-gc`.
 */
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { warehouseOf } from '../../../activities/warehouses/registry.ts';
import type { SourceTable } from '../../../activities/warehouses/warehouse.ts';
import { resolveColumns } from '../../../model/source-columns.ts';
import type { Account } from '../stand-in.ts';

export interface ReadTask {
  readonly account: Account;
  readonly source: SourceTable;
  /** How often the rows are looked at: after so many. */
  readonly everyRows: number;
  /** How long nobody asks for rows, at the first of them and at each of these numbers. */
  readonly pauseMs: number;
  readonly pauseAtRows: readonly number[];
}

export interface ReadReport {
  readonly rows: number;
  readonly payloadCharacters: number;
  readonly isInOrder: boolean;
  /** The most that was alive at once, beyond what was before the first row. */
  readonly peakBytes: number;
}

function liveBytes(): number {
  // Buffers that are rubbish are counted off late, by the next collection.
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function readTable({ account, source, ...task }: ReadTask): Promise<ReadReport> {
  const connection = await warehouseOf(account.definition).connect(account, {
    signal: new AbortController().signal,
    label: 'braze-cdi memory',
  });
  try {
    const columns = resolveColumns('attributes', await connection.describe(source));
    const before = liveBytes();
    const pauses = [1, ...task.pauseAtRows];
    let [rows, payloadCharacters, peakBytes, nextLook, last, isInOrder] = [0, 0, 0, 0, '', true];
    const range = { from: null, inclusive: true, to: null };
    for await (const group of connection.read(source, columns, range, Infinity)) {
      for (const row of group) {
        rows += 1;
        payloadCharacters += row.payload?.length ?? 0;
        isInOrder &&= row.updatedAt >= last;
        last = row.updatedAt;
      }
      const isPause = rows >= (pauses[0] ?? Infinity);
      if (isPause) {
        pauses.shift();
        await sleep(task.pauseMs);
      }
      if (isPause || rows >= nextLook) {
        peakBytes = Math.max(peakBytes, liveBytes() - before);
        nextLook = rows + task.everyRows;
      }
    }
    return { rows, payloadCharacters, isInOrder, peakBytes };
  } finally {
    await connection.close();
  }
}

process.stdout.write(JSON.stringify(await readTable(JSON.parse(await text(process.stdin)) as ReadTask)));
process.exit(0);
