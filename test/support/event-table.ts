/** A table of numbered events, and what must be true of the simulator after it was synced. */
import { expect } from 'vitest';
import type pg from 'pg';
import type { Session } from '../../client/session.ts';
import type { BrazeSimulatorClient } from '../braze-simulator/simulator-client.ts';

/** Rows that share one instant. */
const TIES = 10;

/** Makes `cdi.NAME` with events numbered from 0, ten to an instant. */
export async function createEvents(source: pg.Client, table: string, rows: number): Promise<void> {
  await source.query(
    `create table cdi.${table} (updated_at timestamptz, external_id varchar(100), payload varchar(65535))`,
  );
  await addEvents(source, table, 0, rows);
}

/** Adds events numbered from `first`. */
export async function addEvents(
  source: pg.Client,
  table: string,
  first: number,
  rows: number,
): Promise<void> {
  await source.query(
    `insert into cdi.${table}
     select timestamptz '2026-01-01 00:00Z' + floor(n / ${TIES}.0) * interval '1 millisecond', 'u' || n % 500,
            '{"name":"e","time":"2026-01-01T00:00:00Z","properties":{"n":' || n || '}}'
     from generate_series(${first}::int, ${first + rows - 1}::int) n`,
  );
}

/** UPDATED_AT of an event, as the ledger writes it. */
export function instantOf(n: number): string {
  return `2026-01-01 00:00:${String(Math.floor(n / TIES / 1_000)).padStart(2, '0')}.${String(Math.floor(n / TIES) % 1_000).padStart(3, '0')}000`;
}

export interface Delivery {
  /** How many events arrived more than once. */
  readonly doubled: number;
}

/**
 * Asserts that every event arrived, that none arrived twice outside the ranges which the sync's runs recorded as
 * possibly doubled, and that no two objects of a user were ever in flight together.
 */
export async function expectEvents(
  braze: BrazeSimulatorClient,
  session: Session,
  sync: string,
  rows: number,
): Promise<Delivery> {
  const arrived = new Map<number, number>();
  for (const { text } of await braze.events()) {
    const n = Number(/"n":(\d+)/.exec(text)?.[1]);
    arrived.set(n, (arrived.get(n) ?? 0) + 1);
  }
  const missing = Array.from({ length: rows }, (_unused, n) => n).filter((n) => !arrived.has(n));
  expect(missing).toEqual([]);
  expect(arrived.size).toBe(rows);

  const runs = await session.ledger.runs.ofSync(sync, 100);
  const ranges = (await Promise.all(runs.map((run) => session.ledger.runs.possiblyDoubled(run.id)))).flat();
  const doubled = [...arrived].filter(([, times]) => times > 1).map(([n]) => n);
  const outside = doubled.filter((n) => {
    const at = instantOf(n);
    return !ranges.some((range) => range.firstUpdatedAt <= at && at <= range.lastUpdatedAt);
  });
  expect(outside).toEqual([]);
  const recorded = runs.reduce((sum, run) => sum + run.counts.possiblyDoubled, 0);
  expect(doubled.length).toBeLessThanOrEqual(recorded);
  expect((await braze.state()).violations.inFlight).toBe(0);
  return { doubled: doubled.length };
}
