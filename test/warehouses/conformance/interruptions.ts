import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import type { QueryTokens } from '../../../activities/warehouses/warehouse.ts';
import { CdiError, ERROR_RULES } from '../../../model/errors.ts';
import type { SourceRow } from '../../../model/row.ts';
import type { Theme } from './check.ts';
import { EVERYTHING, type OpenTable, type Scene, plain, readAll } from './scene.ts';

/** Within which a cancelled query has to be gone from the server. */
const CANCEL_MS = 10_000;
/** Longer than any deadline that is set here, shorter than any default. */
const SOON_MS = 15_000;

const rowsOf = (rows: readonly SourceRow[]): Set<string | null> => new Set(rows.map((row) => row.externalId));

async function soon<T>(promise: Promise<T>, ms = SOON_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Nothing within ${ms} ms.`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  soon(promise).then(
    () => undefined,
    (error: unknown) => error,
  );

function expectRetryable(error: unknown): void {
  expect(error).toBeInstanceOf(CdiError);
  if (error instanceof CdiError) expect(ERROR_RULES[error.type]).toMatchObject({ retryable: true });
}

const expectRunning = (scene: Scene, isRunning: boolean): Promise<void> =>
  expect
    .poll(async () => (await scene.standIn.runningQueries()).length > 0, { timeout: CANCEL_MS, interval: 50 })
    .toBe(isRunning);

/** Reads as far as it gets. @returns what came, and what ended it */
async function readUntilFailure(table: OpenTable): Promise<{ rows: SourceRow[]; error: unknown }> {
  const rows: SourceRow[] = [];
  const { connection, source, columns } = table;
  const error = await failure(
    (async () => {
      for await (const group of connection.read(source, columns, EVERYTHING, Infinity))
        rows.push(...group.map(plain));
    })(),
  );
  return { rows, error };
}

/** From now on the network passes nothing on, until the end of the block. */
function silence(scene: Scene): Disposable {
  const { network } = scene.standIn;
  network.swallow();
  return { [Symbol.dispose]: () => network.heal() };
}

export const interruptions: Theme = {
  title: 'Interruptions',
  checks: [
    {
      name: 'cut',
      title:
        'a connection cut in the middle of the rows: the error is retried, and no row is lost or doubled',
      run: async (scene) => {
        const source = await scene.middle();
        const { network } = scene.standIn;
        let rows: SourceRow[];
        {
          await using table = await scene.open(source);
          const { cuts } = network;
          network.cutAfter(1_000_000);
          const interrupted = await readUntilFailure(table);
          expect(network.cuts).toBe(cuts + 1);
          ({ rows } = interrupted);
          // A driver may go on by itself where the warehouse lets it.
          if (interrupted.error === undefined) expect(rows).toHaveLength(scene.middleRows);
          else expectRetryable(interrupted.error);
        }
        await using table = await scene.open(source);
        const last = rows.at(-1)?.updatedAt ?? null;
        const rest = await readAll(table, { ...EVERYTHING, from: last });
        const before = rows.filter((row) => row.updatedAt !== last);
        expect(before.length + rest.length).toBe(scene.middleRows);
        expect(rowsOf([...before, ...rest]).size).toBe(scene.middleRows);
      },
    },
    {
      name: 'cancel',
      title: 'cancelling ends the query on the server',
      run: async (scene) => {
        const abort = new AbortController();
        const source = await scene.middle();
        await using table = await scene.open(source, 'attributes', { signal: abort.signal });
        const undo = await scene.standIn.slowDown();
        try {
          const ended = failure(readAll(table));
          await expectRunning(scene, true);
          abort.abort();
          await expectRunning(scene, false);
          expect(await ended).toBeInstanceOf(Error);
        } finally {
          await undo();
        }
      },
    },
    {
      name: 'leave-early',
      title: 'leaving the rows early ends the query on the server, and the connection can be used again',
      run: async (scene) => {
        const source = await scene.large();
        await using table = await scene.open(source);
        const { connection, columns } = table;
        for await (const group of connection.read(source, columns, EVERYTHING, Infinity)) {
          expect(group.length).toBeLessThan(scene.standIn.mostRows);
          break;
        }
        await expectRunning(scene, false);
        const first = { ...EVERYTHING, to: scene.warehouse.instant('2026-01-01T00:00:00Z') };
        expect(await readAll(table, first)).toHaveLength(4);
      },
    },
    {
      name: 'deadline',
      title: 'a query that takes too long is cancelled, and retried',
      run: async (scene) => {
        const source = await scene.middle();
        const deadlines = { connectMs: SOON_MS, answerMs: 1_500 };
        await using table = await scene.open(source, 'attributes', { deadlines });
        const undo = await scene.standIn.slowDown();
        try {
          const { connection, columns } = table;
          expect(await failure(readAll(table))).toMatchObject({ type: 'query_timeout' });
          await expectRunning(scene, false);
          const counted = connection.count(source, columns, EVERYTHING);
          expect(await failure(counted)).toMatchObject({ type: 'query_timeout' });
          await expectRunning(scene, false);
        } finally {
          await undo();
        }
      },
    },
    {
      name: 'slow-reader',
      title: 'a reader that takes its time is not taken for a warehouse that does',
      run: async (scene) => {
        const source = await scene.large();
        // Long enough for a stand-in on a busy machine, and shorter than the reader's pause.
        const deadlines = { connectMs: SOON_MS, answerMs: 6_000 };
        await using table = await scene.open(source, 'attributes', { deadlines });
        let rows = 0;
        for await (const group of table.connection.read(source, table.columns, EVERYTHING, Infinity)) {
          if (rows === 0) await sleep(7_500);
          rows += group.length;
          // By now it has been asked for more than whatever lay on the way.
          if (rows > scene.standIn.mostRows / 2) break;
        }
        expect(rows).toBeGreaterThan(scene.standIn.mostRows / 2);
      },
    },
    {
      name: 'silent-login',
      title: 'a server that never answers the login is given up, and a cancelled login at once',
      run: async (scene) => {
        using _ = silence(scene);
        const deadlines = { connectMs: 1_000, answerMs: SOON_MS };
        expect(await failure(scene.connect({ deadlines }))).toMatchObject({ type: 'warehouse_unreachable' });
        const abort = new AbortController();
        setTimeout(() => abort.abort(), 200);
        await soon(failure(scene.connect({ signal: abort.signal })), 3_000);
      },
    },
    {
      name: 'silent-rows',
      title:
        'a network that falls silent in the middle of the rows is noticed, and closing does not wait for it',
      run: async (scene) => {
        const source = await scene.large();
        const deadlines = { connectMs: 2_000, answerMs: 1_500 };
        const { connection, columns } = await scene.open(source, 'attributes', { deadlines });
        using _ = silence(scene);
        expectRetryable((await readUntilFailure({ connection, source, columns })).error);
        await soon(connection.close(), 5_000);
      },
    },
    {
      name: 'expired-token',
      title: 'an access token that runs out in the middle is renewed',
      run: async (scene) => {
        const expire = scene.required('expireToken');
        const source = await scene.middle();
        await using table = await scene.open(source);
        const { connection, columns } = table;
        const seen: SourceRow[] = [];
        for await (const group of connection.read(source, columns, EVERYTHING, Infinity)) {
          if (seen.length === 0) await expire();
          seen.push(...group.map(plain));
        }
        expect(seen).toHaveLength(scene.middleRows);
        expect(rowsOf(seen).size).toBe(scene.middleRows);
        await expire();
        expect(await connection.count(source, columns, EVERYTHING)).toBe(scene.middleRows);
      },
    },
    {
      name: 'reattach',
      title: 'a second attempt finds the query of the first, and its rows, without running it again',
      run: async (scene) => {
        const kept = new Map<string, string>();
        const queries: QueryTokens = {
          find: (query) => kept.get(query),
          keep: (query, token) => void kept.set(query, token),
        };
        const source = await scene.middle();
        const reads = async (): Promise<number> => {
          const texts = await scene.standIn.seenQueries();
          return texts.filter((text) => text.includes(source.table) && /order by/i.test(text)).length;
        };
        const before = await reads();
        await using first = await scene.open(source, 'attributes', { queries });
        const rowsOfFirst = first.connection.read(source, first.columns, EVERYTHING, Infinity);
        const reading = rowsOfFirst[Symbol.asyncIterator]();
        await reading.next();
        expect(kept.size).toBe(1);
        // From here on nobody asks the first attempt for anything, as if its process were gone.
        await using second = await scene.open(source, 'attributes', { queries });
        const rows = await readAll(second);
        expect(rows).toHaveLength(scene.middleRows);
        expect(rowsOf(rows).size).toBe(scene.middleRows);
        expect(await reads()).toBe(before + 1);
        await reading.return?.();
      },
    },
  ],
};
