/**
 * The common judge: compares what the simulator recorded with the table and with what the ledger says of the runs.
 */
import pg from 'pg';
import type { DataType } from '../../model/data-type.ts';
import type { RecordedRequest } from '../braze-simulator/control-types.ts';
import type { BrazeSimulatorClient } from '../braze-simulator/simulator-client.ts';
import type { Installation } from '../support/installation.ts';
import { type TableRow, numberOf, readFaultTable } from './fault-table.ts';
import { attributeFlaws } from './judge-attributes.ts';
import { catalogFlaws } from './judge-catalog.ts';

/**
 * What may arrive twice: nothing; what got no answer or a 5xx; or also what was answered and not yet confirmed, which
 * a worker that is lost takes with it. Always only within the ranges that the runs recorded.
 */
export type MayDouble = 'nothing' | 'unanswered' | 'unconfirmed';

export interface Case {
  readonly installation: Installation;
  readonly sync: string;
  readonly table: string;
  readonly dataType: DataType;
  readonly catalog: string;
  readonly mayDouble: MayDouble;
  /** Whether the table is the same from beginning to end, so that the runs' counts must add up to it. */
  readonly tableIsStill: boolean;
  /** UPDATED_AT from which people asked for the rows again. */
  readonly again?: string;
  /** How many rows a run said that it sends again, wherever they lie. */
  readonly sentAgain?: number;
  /** A request that its worker was writing when it was frozen, and wrote to its end when it woke. */
  readonly halfWritten?: RecordedRequest | undefined;
}

export interface Verdict {
  /** Rows that arrived more than once. */
  readonly doubled: number;
  /** Rows that the runs say may have. */
  readonly possiblyDoubled: number;
  readonly requests: number;
}

/** A row may delete an item that no row has made. */
const DELETE_OF_NOTHING = 'catalog_item_DELETE_without_effect';

/** One arrival of a row that Braze took. */
interface Arrival {
  /** HTTP status that answered it, 0 where nothing did. */
  readonly status: number;
}

/** Fails with every flaw that was found. */
export async function judge(told: Case): Promise<Verdict> {
  const { installation, sync, dataType } = told;
  const { client } = installation.braze;
  const table = await rowsOf(told);
  const record = await client.record();
  const state = await client.state();
  const runs = await installation.session.ledger.runs.ofSync(sync, 1_000);
  const ranges = (
    await Promise.all(runs.map((run) => installation.session.ledger.runs.possiblyDoubled(run.id)))
  ).flat();
  const possiblyDoubled = runs.reduce((sum, { counts }) => sum + counts.possiblyDoubled, 0);

  const flaws: string[] = [];
  const say = (flaw: string, found: readonly unknown[]): void => {
    if (found.length > 0) flaws.push(`${flaw}: ${found.length}, such as ${found.slice(0, 5).join(', ')}`);
  };

  const setBack = new Set(told.halfWritten?.identities.map(whoOf));
  const together = record.flatMap(({ overlapping }) => overlapping);
  if (together.length !== state.violations.inFlight) flaws.push('the record lacks some that met in flight');
  say(
    'two objects of a user in flight together',
    together.filter((lane) => !setBack.has(whoOf(lane))).map(() => 'one'),
  );
  say('two objects of a user in one request', Array(state.violations.withinRequest).fill('one'));
  say(
    'dropped by Braze without a word',
    Object.keys(state.dropped).filter((reason) => reason !== DELETE_OF_NOTHING),
  );

  const arrivals = arrivalsOf(record, dataType);
  const appended = table.filter((row) => isAppended(row, dataType));
  say(
    'lost rows',
    appended.map(keyOf).filter((key) => !arrivals.has(key)),
  );
  const sure = table.filter(({ who }) => !setBack.has(who));
  say('last values that are not in the table', await lastValueFlaws(told, client, sure, setBack));

  const doubled = appended.filter(
    (row) => (arrivals.get(keyOf(row))?.length ?? 0) > 1 && (told.again === undefined || row.at < told.again),
  );
  if (told.sentAgain !== undefined) {
    if (doubled.length !== told.sentAgain)
      flaws.push(`${doubled.length} rows doubled, not ${told.sentAgain}`);
    doubled.length = 0;
  }
  if (told.mayDouble === 'nothing') say('doubled rows', doubled.map(keyOf));
  if (told.mayDouble === 'unanswered') {
    // The last arrival is the one that was answered; those before it must not have been.
    const answered = doubled.filter((row) =>
      arrivals
        .get(keyOf(row))
        ?.slice(0, -1)
        .some(({ status }) => status > 0 && status < 500),
    );
    say('doubled rows that were answered before', answered.map(keyOf));
  }
  const outside = doubled.filter(
    ({ at }) => !ranges.some((range) => range.firstUpdatedAt <= at && at <= range.lastUpdatedAt),
  );
  say('doubled rows outside of what the runs recorded', outside.map(keyOf));
  if (doubled.length > possiblyDoubled) {
    flaws.push(`${doubled.length} rows doubled, and the runs say ${possiblyDoubled} at most`);
  }
  if (told.tableIsStill) {
    const sent = runs.reduce((sum, { counts }) => sum + counts.sent, 0);
    if (sent !== table.length) flaws.push(`the runs count ${sent} rows sent, of ${table.length}`);
  }
  if (flaws.length > 0) throw new Error(flaws.join('\n'));
  return { doubled: doubled.length, possiblyDoubled, requests: record.length };
}

/** The judge's own connection: the test's may have been cut. */
async function rowsOf({ installation, table, dataType }: Case): Promise<TableRow[]> {
  const source = new pg.Client({ connectionString: installation.sourceUrl });
  await source.connect();
  try {
    return await readFaultTable(source, table, dataType);
  } finally {
    await source.end();
  }
}

/** Whether each arrival of a row adds something: events, purchases, and attributes with an operator. */
function isAppended({ payload }: TableRow, dataType: DataType): boolean {
  if (dataType === 'events' || dataType === 'purchases') return true;
  return dataType === 'attributes' && payload !== null && isOperator(payload);
}

const isOperator = (text: string): boolean => /"inc"|"\$add"/.test(text);

const keyOf = ({ payload }: TableRow): number => numberOf(payload ?? '');

/** Arrivals that were taken, by number of the row. */
function arrivalsOf(record: readonly RecordedRequest[], dataType: DataType): Map<number, Arrival[]> {
  const arrivals = new Map<number, Arrival[]>();
  if (dataType === 'user_deletes' || dataType === 'catalog') return arrivals;
  for (const { status, applied, objects, texts } of record) {
    if (applied === 0) continue;
    if (applied !== objects)
      throw new Error('Braze refused some objects of a request; the judge expects none.');
    for (const text of texts) {
      if (dataType === 'attributes' && !isOperator(text)) continue;
      const n = numberOf(text);
      const known = arrivals.get(n);
      if (known) known.push({ status });
      else arrivals.set(n, [{ status }]);
    }
  }
  return arrivals;
}

/** The user or item of an identity of the simulator, `external_id:u1` or `catalog_item:NAME/i1`, or of a lane that ends with it. */
const whoOf = (identity: string): string => identity.replace(/^.*(external_id:|catalog_item:[^/]*\/)/, '');

/**
 * @param table without the rows of those whom a half-written request may have set back
 * @param setBack these users or items
 */
async function lastValueFlaws(
  { dataType, catalog }: Case,
  client: BrazeSimulatorClient,
  table: readonly TableRow[],
  setBack: ReadonlySet<string>,
): Promise<string[]> {
  switch (dataType) {
    case 'attributes':
      return attributeFlaws(table, await client.profiles());
    case 'catalog': {
      const items = await client.catalogItems(catalog);
      return catalogFlaws(
        table,
        items.filter(({ id }) => !setBack.has(id)),
      );
    }
    case 'user_deletes': {
      const deleted = new Set((await client.deletes()).map(({ identity }) => whoOf(identity)));
      const wanted = new Set(table.map(({ who }) => who));
      const missing = [...wanted].filter((who) => !deleted.has(who));
      return [...missing, ...[...deleted].filter((who) => !wanted.has(who) && !setBack.has(who))];
    }
    case 'events':
    case 'purchases':
      return [];
  }
}
