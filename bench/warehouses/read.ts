/** A process that reads a table: gets a `ReadingTask` as JSON on standard input, writes a `Reading` to standard output. */
import { text } from 'node:stream/consumers';
import { warehouseOf } from '../../activities/warehouses/registry.ts';
import type { SourceTable } from '../../activities/warehouses/warehouse.ts';
import { resolveColumns } from '../../model/source-columns.ts';
import type { Account } from '../../test/warehouses/stand-in.ts';
import type { Reading, ReadingTask } from './reading.ts';

type Read = (account: Account, source: SourceTable) => Promise<number>;

/** As an extraction reads, without what it does with the rows. */
async function throughProduct(account: Account, source: SourceTable): Promise<number> {
  const signal = new AbortController().signal;
  const connection = await warehouseOf(account.definition).connect(account, { signal, label: 'bench' });
  try {
    const columns = resolveColumns('attributes', await connection.describe(source));
    const range = { from: null, inclusive: true, to: null };
    let rows = 0;
    for await (const group of connection.read(source, columns, range, Infinity)) rows += group.length;
    return rows;
  } finally {
    await connection.close();
  }
}

async function readerOf({ reader, warehouse }: ReadingTask): Promise<Read> {
  if (reader === 'product') return throughProduct;
  const file = `../../test/warehouses/${warehouse}/bare-read.ts`;
  const { bareRead } = (await import(file)) as { readonly bareRead: Read };
  return bareRead;
}

async function measure(task: ReadingTask): Promise<Reading> {
  const read = await readerOf(task);
  await read(task.account, task.warmUp);
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  const rows = await read(task.account, task.source);
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    rows,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    peakRssMb: Math.round(process.resourceUsage().maxRSS / 1_024),
  };
}

const reading = await measure(JSON.parse(await text(process.stdin)) as ReadingTask);
process.stdout.write(JSON.stringify(reading), () => process.exit(0));
