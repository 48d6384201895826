import { setTimeout as sleep } from 'node:timers/promises';
import type { DBSQLSession } from '@databricks/sql';
import { expect, test } from 'vitest';
import { Statement } from '../../../activities/warehouses/databricks/statement.ts';

type Operation = Awaited<ReturnType<DBSQLSession['executeStatement']>>;

/** Answers as the driver does: one that was cancelled has, it says, no more rows. */
class FakeOperation {
  readonly calls: string[] = [];
  chunks: (object[] | Error)[];
  #isCancelled = false;

  constructor(chunks: (object[] | Error)[]) {
    this.chunks = chunks;
  }

  async hasMoreRows(): Promise<boolean> {
    return !this.#isCancelled && this.chunks.length > 0;
  }

  async fetchChunk({ maxRows }: { maxRows: number }): Promise<object[]> {
    this.calls.push(`fetch ${maxRows}`);
    const chunk = this.chunks.shift() ?? [];
    if (chunk instanceof Error) throw chunk;
    return chunk;
  }

  async cancel(): Promise<void> {
    this.calls.push('cancel');
    this.#isCancelled = true;
  }

  async close(): Promise<void> {
    this.calls.push('close');
  }
}

function make(chunks: (object[] | Error)[], signal = new AbortController().signal, answerMs = 5_000) {
  const operation = new FakeOperation(chunks);
  const limits = { answerMs, signal, goodbyeMs: 200 };
  const statement = new Statement(Promise.resolve(operation as unknown as Operation), limits);
  return { operation, statement };
}

test('empty answers are no end; the end is closed, not cancelled', async () => {
  const { operation, statement } = make([[], [{ wm: 'a' }], []]);
  expect(await statement.fetch(5)).toEqual([{ wm: 'a' }]);
  expect(await statement.fetch(7)).toEqual([]);
  await statement[Symbol.asyncDispose]();
  await statement[Symbol.asyncDispose]();
  expect(operation.calls).toEqual(['fetch 5', 'fetch 5', 'fetch 7', 'close']);
});

test('what is left early is cancelled, once', async () => {
  const { operation, statement } = make([[{ wm: 'a' }], [{ wm: 'b' }]]);
  await statement.fetch(1);
  await statement[Symbol.asyncDispose]();
  expect(operation.calls).toEqual(['fetch 1', 'cancel']);
});

test('rows that a cancelled statement does not have are never taken for its end', async () => {
  const abort = new AbortController();
  const { operation, statement } = make([[{ wm: 'a' }], [{ wm: 'b' }]], abort.signal);
  await statement.fetch(1);
  abort.abort();
  await sleep(10);
  expect(operation.calls).toContain('cancel');
  await expect(statement.fetch(1)).rejects.toMatchObject({ type: 'cancelled' });
});

test('an answer that takes too long is given up; the time before it is asked for does not count', async () => {
  const { statement } = make([[{ wm: 'a' }]], undefined, 50);
  const ahead = statement.fetch(1);
  await sleep(100);
  expect(await statement.answer(ahead)).toEqual([{ wm: 'a' }]);
  await expect(statement.answer(sleep(1_000))).rejects.toMatchObject({ type: 'query_timeout' });
});

test('a cancelled wait throws the reason, at once', async () => {
  const abort = new AbortController();
  const { statement } = make([], abort.signal);
  const waiting = statement.answer(sleep(1_000));
  const reason = new Error('the reason');
  abort.abort(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(statement.answer(sleep(1_000))).rejects.toBe(reason);
});

test('a server that does not note an end is not waited for', async () => {
  const { operation, statement } = make([[{ wm: 'a' }]]);
  operation.cancel = () => sleep(5_000, undefined);
  const began = performance.now();
  await statement[Symbol.asyncDispose]();
  expect(performance.now() - began).toBeLessThan(2_000);
});
