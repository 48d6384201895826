/**
 * How fast each warehouse is read through the product, beside its bare driver with the same query, against its stand-in:
 * `npm run bench:warehouses -- [--only NAME,NAME] [--repeats N] [--rows N] [--json FILE]`. Standard output holds the table,
 * standard error the progress.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from '../client/output/table.ts';
import { WAREHOUSES, type Warehouse } from '../model/warehouse-credentials.ts';
import { medianBy } from './median.ts';
import { STAND_INS } from './warehouses/open-stand-in.ts';
import type { Reader, Reading, ReadingTask } from './warehouses/reading.ts';

const READ = fileURLToPath(new URL('warehouses/read.ts', import.meta.url));
const READERS: readonly Reader[] = ['driver', 'product'];
const PAYLOAD_BYTES = 280;
const WARM_UP_ROWS = 2_000;
/** As many as make a reading last for seconds. */
const ROWS: Readonly<Record<Warehouse, number>> = {
  snowflake: 400_000,
  redshift: 2_000_000,
  bigquery: 200_000,
  databricks: 500_000,
  fabric: 20_000,
};
const LEAST_RATIO = 0.8;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

interface Result {
  readonly warehouse: Warehouse;
  readonly rows: number;
  readonly driver: Reading;
  readonly product: Reading;
}

const perSecond = ({ rows, seconds }: Reading): number => Math.round(rows / seconds);
const cpuPerMillion = ({ rows, cpuSeconds }: Reading): number => (cpuSeconds / rows) * 1e6;

async function readInProcess(
  task: ReadingTask,
  environment: Readonly<Record<string, string>>,
): Promise<Reading> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', READ], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  child.stdin.end(JSON.stringify(task));
  const [said] = await Promise.all([text(child.stdout), once(child, 'close')]);
  if (said === '') throw new Error(`Reading with the ${task.reader} failed.`);
  return JSON.parse(said) as Reading;
}

/** Both readers in turn, as often as asked for; the median of each counts. */
async function measure(warehouse: Warehouse, rows: number, repeats: number): Promise<Result> {
  await using cleanup = new AsyncDisposableStack();
  say(`${warehouse}: starting its stand-in`);
  const standIn = await STAND_INS[warehouse](cleanup);
  const warmUp = await standIn.createLargeTable('bench_warm_up', WARM_UP_ROWS, PAYLOAD_BYTES);
  const source = await standIn.createLargeTable('bench_rows', rows, PAYLOAD_BYTES);
  const account = standIn.benchAccount ?? standIn.account;
  const readings: Record<Reader, Reading[]> = { driver: [], product: [] };
  for (let repeat = 0; repeat < repeats; repeat += 1) {
    for (const reader of READERS) {
      const task = { warehouse, reader, account, warmUp, source };
      const reading = await readInProcess(task, standIn.environment ?? {});
      if (reading.rows !== rows)
        throw new Error(`${warehouse}: the ${reader} read ${reading.rows} of ${rows} rows.`);
      say(`${warehouse}: ${reader} ${perSecond(reading)} rows/s`);
      readings[reader].push(reading);
    }
  }
  const [driver, product] = READERS.map((reader) => medianBy(readings[reader], perSecond));
  if (!driver || !product) throw new Error('Nothing was measured.');
  return { warehouse, rows, driver, product };
}

function report(results: readonly Result[]): string {
  const rows = results.map(({ warehouse, rows: count, driver, product }) => {
    const ratio = perSecond(product) / perSecond(driver);
    return [
      warehouse,
      count,
      perSecond(driver),
      perSecond(product),
      ratio.toFixed(2),
      cpuPerMillion(driver).toFixed(2),
      cpuPerMillion(product).toFixed(2),
      driver.peakRssMb,
      product.peakRssMb,
      ratio >= LEAST_RATIO ? 'met' : 'NOT MET',
    ];
  });
  const speeds = ['driver rows/s', 'product rows/s', 'ratio'];
  const costs = ['driver CPU s/M', 'product CPU s/M', 'driver peak MB', 'product peak MB'];
  return table(['', 'rows', ...speeds, ...costs, `at least ${LEAST_RATIO}`], rows);
}

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    repeats: { type: 'string', default: '3' },
    rows: { type: 'string' },
    json: { type: 'string' },
  },
});
const only = values.only?.split(',');
const results: Result[] = [];
for (const warehouse of WAREHOUSES) {
  if (only && !only.includes(warehouse)) continue;
  results.push(await measure(warehouse, Number(values.rows ?? ROWS[warehouse]), Number(values.repeats)));
}
console.log(report(results));
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
process.exit(0);
