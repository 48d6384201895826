/** What only Redshift's own way of reading can get wrong. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { EVERYTHING, Scene, instantAt, readAll } from '../conformance/scene.ts';
import { CANARY } from '../stand-in.ts';
import { type RedshiftStandIn, openRedshift } from './stand-in.ts';

let cleanup: AsyncDisposableStack;
let standIn: RedshiftStandIn;
let scene: Scene;

beforeAll(async () => {
  cleanup = new AsyncDisposableStack();
  standIn = cleanup.use(
    await openRedshift({ postgresUrl: inject('postgresUrl'), postgresLog: inject('postgresLog') }),
  );
  scene = cleanup.use(new Scene(standIn));
});

afterAll(() => cleanup.disposeAsync());

test('an error that quotes a row comes without the quotation', async () => {
  const over = await scene.create('attributes', [
    { updatedAt: instantAt(0), externalId: 'a', payload: '1' },
    { updatedAt: instantAt(1), externalId: 'b', payload: CANARY },
  ]);
  const view = await standIn.createFailingView(scene.newName(), over);
  await using table = await scene.open(view);
  const error: unknown = await readAll(table).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ type: 'query_refused', vendorCode: '22P02' });
  expect(error).toMatchObject({ message: 'Redshift refused the query (22P02).' });
  // The connection is of use after it.
  expect(await table.connection.count(over, table.columns, EVERYTHING)).toBe(2);
});

test('the name of the session tells sync and run, too', async () => {
  const source = await scene.middle();
  const label = 'braze-cdi users 0198c0de-1abe-7000-8000-00000000c0de';
  await using table = await scene.open(source, 'attributes', { label });
  expect(table.columns.externalId?.name).toBe('external_id');
  expect(await standIn.applicationNames()).toEqual([label.slice(0, 63)]);
});

test('a cancelled step ends with the reason of its cancellation', async () => {
  const abort = new AbortController();
  const source = await scene.middle();
  await using table = await scene.open(source, 'attributes', { signal: abort.signal });
  const undo = await standIn.slowDown();
  try {
    const counted = table.connection.count(source, table.columns, EVERYTHING);
    setTimeout(() => abort.abort(new Error('the worker shuts down')), 200);
    await expect(counted).rejects.toThrow('the worker shuts down');
  } finally {
    await undo();
  }
});

test('a connection that was lost between two queries is told as lost', async () => {
  const source = await scene.middle();
  await using table = await scene.open(source);
  await standIn.endSessions();
  await expect(table.connection.count(source, table.columns, EVERYTHING)).rejects.toMatchObject({
    type: 'warehouse_unreachable',
  });
});

test('a SUPER payload that no VARCHAR holds arrives whole, beside others', async () => {
  const payloads = [
    JSON.stringify({ text: 'x'.repeat(65_535 - '{"text":""}'.length) }),
    JSON.stringify({ text: 'x'.repeat(65_536 - '{"text":""}'.length) }),
    null,
    JSON.stringify({ text: '€😀'.repeat(150_000) }),
    '{}',
  ];
  const source = await scene.create(
    'attributes',
    payloads.map((payload, n) => ({ updatedAt: instantAt(n), externalId: `u${n}`, payload })),
    { payloadType: 'super' },
  );
  await using table = await scene.open(source);
  const rows = await readAll(table);
  expect(rows.map(({ externalId }) => externalId)).toEqual(['u0', 'u1', 'u2', 'u3', 'u4']);
  // Compared outside of `expect`, which would print a megabyte.
  expect(rows.map(({ payload }, n) => payload === payloads[n])).toEqual(payloads.map(() => true));
});

test('a large payload and a deletion keep apart', async () => {
  const large = JSON.stringify({ text: 'y'.repeat(70_000) });
  const source = await scene.create(
    'catalog',
    [
      { updatedAt: instantAt(0), id: 'a', payload: large, deleted: true },
      { updatedAt: instantAt(1), id: 'b', payload: large, deleted: null },
    ],
    { payloadType: 'super' },
  );
  await using table = await scene.open(source, 'catalog');
  const rows = await readAll(table);
  expect(rows.map(({ id, deleted, payload }) => [id, deleted, payload === large])).toEqual([
    ['a', true, true],
    ['b', null, true],
  ]);
});
