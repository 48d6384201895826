/**
 * Random histories of a sync against a simple model: rows are added, runs read, confirm, crash and commit in any
 * order. The model is a list of rows and how often each was sent; the ledger, the extraction and the order of reading
 * are the real ones.
 */
import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExtractInput, ExtractedSegment } from '../../activities/extract.ts';
import { extractStretch } from '../../activities/extraction/extract-stretch.ts';
import { planInstant } from '../../activities/extraction/plan-instant.ts';
import type { RunStart } from '../../activities/read-watermark.ts';
import { RowPage } from '../../activities/rows/row-page.ts';
import { userHash } from '../../activities/rows/user-hash.ts';
import type { Staging } from '../../activities/staging/staging.ts';
import { SegmentFiles } from '../../activities/upload/segment-pages.ts';
import type { ReadRange } from '../../activities/warehouses/warehouse.ts';
import type { SyncDefinition } from '../../model/definitions.ts';
import { NO_COUNTS } from '../../model/run.ts';
import type { SourceRow } from '../../model/row.ts';
import type { UploadHolder } from '../../store/epoch.ts';
import type { Ledger } from '../../store/ledger.ts';
import { readingOrder } from '../../workflows/reading-order.ts';
import { type Installation, install } from '../support/installation.ts';
import { sourceRow } from '../unit/source-row.ts';
import { FAULT_SIZE } from './fault-size.ts';
import { SeededRandom } from './seeded-random.ts';

/** What goes wrong needs few steps, so many short histories find more than a few long ones. */
const LONGEST_HISTORY = 40;
const UPPER = '2026-01-01 00:00:09.000000';
const BATCH_ROWS = 3;

let installation: Installation;

beforeAll(async () => {
  installation = await install('histories');
});

afterAll(() => installation[Symbol.asyncDispose]());

const instant = (n: number): string => `2026-01-01 00:00:00.${String(n).padStart(6, '0')}`;

/** Where a run dies; each counts down. */
interface Fate {
  /** Batches that are answered and recorded before the end. */
  readonly confirmed: number;
  /** Batches that are sent after that, without an answer. */
  readonly inFlight: number;
  /** Whether the last segment still gets to its commit. */
  readonly commits: boolean;
}

class Crash extends Error {}

const keyOf = (row: SourceRow): string => `${row.updatedAt} ${row.externalId} ${row.payload}`;

/** A sync, its table, and what Braze got of it. */
class World {
  readonly name: string;
  readonly #ledger: Ledger;
  readonly #definition: SyncDefinition;
  readonly #table: SourceRow[] = [];
  /** How often each row went out, and how often that may have been once too often. */
  readonly #sent = new Map<string, number>();
  readonly #uncertain = new Map<string, number>();
  /** The content that each user's row had when it went out last. */
  readonly #latest = new Map<string, string>();
  readonly #staged = new Map<string, Buffer>();
  #number = 0;
  readonly #ties = new SeededRandom(1, 'ties');
  #run = '';
  #isOver = true;

  constructor(ledger: Ledger, definition: SyncDefinition) {
    this.#ledger = ledger;
    this.#definition = definition;
    this.name = definition.name;
  }

  add(at: number, rows: number, users: number): void {
    for (let index = 0; index < rows; index += 1) {
      this.#number += 1;
      this.#table.push(
        sourceRow({
          updatedAt: instant(at),
          externalId: `u${this.#number % users}`,
          payload: `{"n":${this.#number}}`,
        }),
      );
    }
  }

  /** A copy of a row that is there already, equal in every column. */
  repeat(index: number): void {
    const row = this.#table[index % Math.max(1, this.#table.length)];
    if (row && this.newest() <= row.updatedAt) this.#table.push({ ...row });
  }

  /** The same, of any row, so that the copy may be late. */
  repeatLate(index: number): void {
    const row = this.#table[index % Math.max(1, this.#table.length)];
    if (row) this.#table.push({ ...row });
  }

  /** Gives the one row of a user another content, or makes it; for tables that are read whole. */
  put(user: number, value: number, at: number): void {
    this.drop(user);
    const row = { updatedAt: instant(at), externalId: `u${user}`, payload: `{"n":${value}}` };
    this.#table.push(sourceRow(row));
  }

  drop(user: number): void {
    const index = this.#table.findIndex(({ externalId }) => externalId === `u${user}`);
    if (index >= 0) this.#table.splice(index, 1);
  }

  newest(): string {
    return this.#table.reduce((newest, { updatedAt }) => (updatedAt > newest ? updatedAt : newest), '');
  }

  /** A run, or the same run going on after its pages were lost; to its end, or to its fate. */
  async run(fate: Fate | undefined, goesOn: boolean): Promise<void> {
    if (this.#isOver || !goesOn) this.#run = randomUUID();
    this.#isOver = false;
    this.#staged.clear();
    const execution = randomUUID();
    const { runs, watermarks, lookback, instantParts } = this.#ledger;
    await runs.open({
      id: this.#run,
      sync: this.name,
      dataType: 'events',
      trigger: 'manual',
      workflowRunId: execution,
    });
    const { epoch, watermark } = await watermarks.begin(this.name, this.#run, execution);
    const holder = { sync: this.name, epoch, workflowRunId: execution, leaseOwner: randomUUID() };
    if (!watermark) await watermarks.initialise(holder, null, this.#run);
    const from = watermark?.value ?? null;
    const looksBack = this.#definition.options.lookback !== '0s';
    const known = looksBack
      ? await lookback.prepare(holder, { watermark: from, from: '', limit: 1_000_000 })
      : undefined;
    const start: RunStart = {
      epoch,
      from,
      upper: UPPER,
      isRefresh: this.#definition.full_refresh,
      hasParts: from !== null && (await instantParts.has(this.name, from)),
      lateAfter: from === null ? null : (known?.knownFrom ?? null),
      counts: NO_COUNTS,
      closedRuns: [],
      futureRows: 0,
      nullRows: 0,
      options: { pageRows: 4, segmentRows: 8 },
    };
    try {
      await this.#deliver(start, holder, fate);
      await runs.finish(this.#run, () => ({ status: 'success', error: null }));
      this.#isOver = true;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    } finally {
      await this.#ledger.leases.release(this.name, holder.leaseOwner);
    }
  }

  /** Every row went out, and none twice that was not in flight when a run died. Equal rows count together. */
  check(): void {
    if (this.#definition.full_refresh) {
      const wanted = this.#table.map(({ externalId, payload }) => [externalId, payload]);
      const held = this.#table.map(({ externalId }) => [externalId, this.#latest.get(externalId ?? '')]);
      expect(held, 'what each user holds').toEqual(wanted);
      return;
    }
    const copies = new Map<string, number>();
    for (const row of this.#table) copies.set(keyOf(row), (copies.get(keyOf(row)) ?? 0) + 1);
    for (const [key, rows] of copies) {
      const sent = this.#sent.get(key) ?? 0;
      const uncertain = this.#uncertain.get(key) ?? 0;
      expect(sent, `times ${key} went out`).toBeGreaterThanOrEqual(rows);
      expect(sent - uncertain, `times ${key} went out with an answer`).toBeLessThanOrEqual(rows);
    }
  }

  async #deliver(start: RunStart, holder: UploadHolder, fate: Fate | undefined): Promise<void> {
    const run = this.#run;
    const left = { confirmed: fate?.confirmed ?? Infinity, inFlight: fate?.inFlight ?? 0 };
    await this.#ledger.leases.take(this.name, holder.leaseOwner, 60_000);
    const order = readingOrder({
      sync: this.name,
      run,
      start,
      refreshAfter: null,
      planParts: (request) =>
        planInstant(request, {
          ledger: this.#ledger,
          holder,
          countByHash: async (range, digits) => this.#count(range, digits),
        }),
    });
    let segment: ExtractedSegment | undefined;
    for (let number = 1; ; number += 1) {
      const next = segment ? await order.next(segment) : await order.next();
      if (next.done) return;
      const place = { sync: this.name, run, epoch: start.epoch, segment: number, attempt: 1 };
      const files = new SegmentFiles(this.#staging(), place);
      const input: ExtractInput = {
        place,
        stretch: next.value,
        upper: UPPER,
        rows: 8,
        instantRows: 8,
        pageRows: 4,
        readBefore: { rows: 0, deletes: 0 },
        limits: { rows: Infinity, deletes: Infinity },
      };
      const { tail, readPart, ...content } = await extractStretch(input, {
        ledger: this.#ledger,
        definition: this.#definition,
        files,
        read: (range, limit) => this.#read(range, limit),
        progress: () => undefined,
      });
      segment = { place, ...content, isLate: false, isEmpty: !tail };
      await this.#ledger.uploads.open({ ...holder, segment: number, attempt: 1 }, run, content.rows, {
        part: readPart,
      });
      if (!tail) continue;
      for (let page = 0; page < content.pages; page += 1) {
        await this.#upload(new RowPage(await files.readRows(page)), page, number, holder, left);
      }
      await this.#ledger.uploads.complete(holder, number, tail);
      if (left.confirmed <= 0 && !fate?.commits) throw new Crash();
      await this.#ledger.watermarks.commit(holder, number, this.#definition.options.digest_rows);
      // Repeating a commit whose answer was lost changes nothing.
      await this.#ledger.watermarks.commit(holder, number, this.#definition.options.digest_rows);
      if (left.confirmed <= 0) throw new Crash();
    }
  }

  async #upload(
    page: RowPage,
    pageNumber: number,
    segment: number,
    holder: UploadHolder,
    left: { confirmed: number; inFlight: number },
  ): Promise<void> {
    for (let start = 0; start < page.rows; start += BATCH_ROWS) {
      const rows = Array.from(
        { length: Math.min(BATCH_ROWS, page.rows - start) },
        (_, index) => start + index,
      );
      const isAnswered = left.confirmed > 0;
      if (!isAnswered && left.inFlight <= 0) throw new Crash();
      for (const row of rows) this.#receive(page.row(row), isAnswered);
      if (isAnswered) left.confirmed -= 1;
      else {
        left.inFlight -= 1;
        continue;
      }
      await this.#ledger.uploads.confirm(holder, this.#run, segment, {
        token: randomUUID(),
        batches: [pageNumber * 100 + start],
        digests: Buffer.concat(rows.map((row) => Buffer.from(page.digest(row)))),
        lastUpdatedAt: rows.map((row) => page.updatedAt(row)).reduce((a, b) => (a > b ? a : b)),
        sent: rows.length,
        requests: 1,
        rejected: [],
        answerLost: [],
        warnings: [],
        reservation: { to: 1_000, open: null },
      });
    }
    if (left.confirmed <= 0 && left.inFlight < 0) throw new Crash();
  }

  #receive(row: SourceRow, isAnswered: boolean): void {
    this.#latest.set(row.externalId ?? '', row.payload ?? '');
    const key = keyOf(row);
    this.#sent.set(key, (this.#sent.get(key) ?? 0) + 1);
    if (!isAnswered) this.#uncertain.set(key, (this.#uncertain.get(key) ?? 0) + 1);
  }

  #matching({ from, inclusive, to, beforeTo, share, users }: ReadRange): SourceRow[] {
    return this.#table.filter((row) => {
      const { updatedAt } = row;
      if (to !== null && (beforeTo ? updatedAt >= to : updatedAt > to)) return false;
      if (from !== null && (inclusive ? updatedAt < from : updatedAt <= from)) return false;
      const hash = userHash(row);
      if (
        share &&
        (hash.slice(0, share.low.length) < share.low || hash.slice(0, share.high.length) > share.high)
      )
        return false;
      return !users || users.includes(hash);
    });
  }

  /** Ties come in another order each time, and in the same when a history is played again. */
  async *#read(range: ReadRange, limit: number): AsyncGenerator<SourceRow[]> {
    const rows = this.#matching(range)
      .map((row) => ({ row, tie: this.#ties.fraction() }))
      .sort((a, b) =>
        a.row.updatedAt < b.row.updatedAt ? -1 : a.row.updatedAt > b.row.updatedAt ? 1 : a.tie - b.tie,
      )
      .slice(0, limit)
      .map(({ row }) => row);
    for (let start = 0; start < rows.length; start += 5) yield rows.slice(start, start + 5);
  }

  #count(range: ReadRange, digits: number): Map<string, number> {
    const counts = new Map<string, number>();
    for (const row of this.#matching(range)) {
      const prefix = userHash(row).slice(0, digits);
      counts.set(prefix, (counts.get(prefix) ?? 0) + 1);
    }
    return counts;
  }

  #staging(): Staging {
    return {
      write: async (reference, bytes) => void this.#staged.set(reference, Buffer.from(bytes)),
      read: async (reference) => this.#staged.get(reference) ?? Buffer.alloc(0),
      remove: async () => undefined,
      idleRuns: async () => [],
      close: () => undefined,
    };
  }
}

interface Model {
  /** The newest instant; rows are added at it or after it, unless they are late. */
  newest: number;
  hasRun: boolean;
}

type Command = fc.AsyncCommand<Model, World>;

class AddRows implements Command {
  readonly after: number;
  readonly rows: number;
  readonly users: number;

  constructor(after: number, rows: number, users: number) {
    this.after = after;
    this.rows = rows;
    this.users = users;
  }

  check = (): boolean => true;

  run = async (model: Model, world: World): Promise<void> => {
    model.newest += this.after;
    world.add(model.newest, this.rows, this.users);
  };

  toString = (): string => `add ${this.rows} rows of ${this.users} users, ${this.after} later`;
}

class AddLateRows implements Command {
  readonly before: number;
  readonly rows: number;

  constructor(before: number, rows: number) {
    this.before = before;
    this.rows = rows;
  }

  /** Only what turns up after a first run is late. */
  check = (model: Readonly<Model>): boolean => model.newest > this.before;

  run = async (model: Model, world: World): Promise<void> =>
    world.add(model.newest - this.before, this.rows, 5);

  toString = (): string => `add ${this.rows} rows ${this.before} before the newest`;
}

class RepeatRow implements Command {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }

  check = (): boolean => true;
  run = async (_model: Model, world: World): Promise<void> => world.repeat(this.index);
  toString = (): string => `repeat row ${this.index}`;
}

class RepeatLateRow implements Command {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }

  check = (): boolean => true;
  run = async (_model: Model, world: World): Promise<void> => world.repeatLate(this.index);
  toString = (): string => `repeat row ${this.index}, late or not`;
}

class PutRows implements Command {
  readonly first: number;
  readonly rows: number;
  readonly value: number;
  readonly at: number;

  constructor(first: number, rows: number, value: number, at: number) {
    this.first = first;
    this.rows = rows;
    this.value = value;
    this.at = at;
  }

  check = (): boolean => true;

  run = async (_model: Model, world: World): Promise<void> => {
    for (let user = this.first; user < this.first + this.rows; user += 1)
      world.put(user, this.value, this.at);
  };

  toString = (): string =>
    `put ${this.value} into rows ${this.first} to ${this.first + this.rows - 1} at ${this.at}`;
}

class DropRow implements Command {
  readonly user: number;

  constructor(user: number) {
    this.user = user;
  }

  check = (): boolean => true;
  run = async (_model: Model, world: World): Promise<void> => world.drop(this.user);
  toString = (): string => `drop row ${this.user}`;
}

class Run implements Command {
  readonly fate: Fate | undefined;
  readonly goesOn: boolean;

  constructor(fate: Fate | undefined, goesOn: boolean) {
    this.fate = fate;
    this.goesOn = goesOn;
  }

  check = (): boolean => true;

  run = async (model: Model, world: World): Promise<void> => {
    model.hasRun = true;
    await world.run(this.fate, this.goesOn);
    if (!this.fate) world.check();
  };

  toString = (): string =>
    `run ${this.goesOn ? 'on' : ''} ${this.fate ? `until it dies (${JSON.stringify(this.fate)})` : 'to its end'}`;
}

const fates = fc.record({
  confirmed: fc.nat({ max: 12 }),
  inFlight: fc.nat({ max: 3 }),
  commits: fc.boolean(),
});

const runs: fc.Arbitrary<Command> = fc
  .tuple(fc.option(fates, { nil: undefined }), fc.boolean())
  .map(([fate, goesOn]) => new Run(fate, goesOn));

const ordinary: fc.Arbitrary<Command>[] = [
  fc
    .tuple(
      fc.nat({ max: 3 }),
      fc.oneof(fc.nat({ max: 6 }), fc.integer({ min: 9, max: 40 })),
      fc.constantFrom(1, 3, 50),
    )
    .map(([after, rows, users]) => new AddRows(after, rows, users)),
  fc.nat().map((index) => new RepeatRow(index)),
  runs,
];
const late: fc.Arbitrary<Command> = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 12 }))
  .map(([before, rows]) => new AddLateRows(before, rows));

const repeatedLate: fc.Arbitrary<Command> = fc.nat().map((index) => new RepeatLateRow(index));

/** Few values, so that rows often go back to a former one; some calls make many rows, so that parts outgrow a segment. */
const whole: fc.Arbitrary<Command>[] = [
  fc
    .tuple(
      fc.nat({ max: 40 }),
      fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 9, max: 40 })),
      fc.nat({ max: 2 }),
      fc.nat({ max: 9 }),
    )
    .map(([first, rows, value, at]) => new PutRows(first, rows, value, at)),
  fc.nat({ max: 60 }).map((user) => new DropRow(user)),
  runs,
  runs,
];

/** A sync of its own, with nothing in its table yet. */
async function declaredWorld(sync: Record<string, unknown>): Promise<World> {
  const name = `h-${randomUUID().slice(0, 13)}`;
  const definition = await installation.declare({ name, table: name, data_type: 'events', ...sync });
  return new World(installation.session.ledger, definition);
}

describe('whatever happens, every row goes once, but for what was in flight when a run died', () => {
  const kinds: { kind: string; sync: Record<string, unknown>; commands: fc.Arbitrary<Command>[] }[] = [
    { kind: 'an ordinary sync', sync: {}, commands: ordinary },
    {
      kind: 'a sync that looks back',
      sync: { options: { lookback: '1h' } },
      commands: [...ordinary, late, repeatedLate],
    },
    {
      kind: 'a sync that reads its table whole, whose users hold what the table holds',
      sync: { data_type: 'attributes', full_refresh: true },
      commands: whole,
    },
  ];

  test('rows that a dead run confirmed at the watermark stay known when the next run finds nothing else there', async () => {
    const world = await declaredWorld({ options: { lookback: '1h' } });
    world.add(13, 2, 3);
    await world.run(undefined, false);
    world.add(17, 24, 3);
    world.add(13, 6, 5);
    await world.run({ confirmed: 3, inFlight: 0, commits: false }, false);
    await world.run({ confirmed: 8, inFlight: 3, commits: true }, false);
    await world.run(undefined, false);
    world.check();
  });

  test.each(kinds)('$kind', { timeout: 1_800_000 }, async ({ sync, commands }) => {
    const { ledger } = installation.session;
    await fc.assert(
      fc.asyncProperty(
        fc.commands(commands, { maxCommands: LONGEST_HISTORY, size: 'max' }),
        async (history) => {
          const world = await declaredWorld(sync);
          const setup = (): { model: Model; real: World } => ({
            model: { newest: 10, hasRun: false },
            real: world,
          });
          await fc.asyncModelRun(setup, history);
          await world.run(undefined, false);
          world.check();
          const sentBefore = await ledger.runs.ofSync(world.name, 1);
          await world.run(undefined, false);
          const [last] = await ledger.runs.ofSync(world.name, 1);
          expect(last?.counts).toMatchObject({ read: 0, sent: 0 });
          expect(sentBefore).toHaveLength(1);
        },
      ),
      { numRuns: FAULT_SIZE.histories, endOnFailure: true },
    );
  });
});
