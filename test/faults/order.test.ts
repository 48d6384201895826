/**
 * Fifty rows of one user, values and operators mixed, over many pages and segments, while Braze refuses and fails:
 * they arrive in order, one request at a time, and end where the table says.
 */
import { expect } from 'vitest';
import type { RuleMatch } from '../braze-simulator/control-types.ts';
import { faultTest } from './fault-test.ts';
import { numberOf, readFaultTable } from './fault-table.ts';
import { ordersOf } from './judge-attributes.ts';

const ROWS = 2_000;
const HOT_USER = 'u-1';
const SEGMENT_ROWS = 70;

for (const [fault, ties] of [
  ['order of a user', { rows: 0, first: 0 }],
  // Of an instant that is read in parts no order among its rows is known.
  ['order with parts', { rows: SEGMENT_ROWS * 5, first: ROWS / 2 }],
] as const)
  faultTest(
    fault,
    async (scene) => {
      const { client } = scene.installation.braze;
      const every = (from: number, to: number): RuleMatch => ({ everyNth: scene.random.integer(from, to) });
      await client.setScript([
        { match: every(5, 12), action: { type: '429', style: 'reset_delta', seconds: 1 }, times: 8 },
        { match: every(7, 15), action: { type: '5xx_before', status: 503 }, times: 6 },
        { match: every(9, 20), action: { type: 'reset_before' }, times: 6 },
      ]);
      await scene.startWorker();
      await scene.start();
      await scene.untilSuccess();
      await scene.judge('unanswered');
      const hot = (await client.profiles()).find((profile) => profile.external_id === HOT_USER);
      const orders = ordersOf(hot?.attributes['orders']).map(({ id }) => id);
      // Nothing that failed was taken, so that nothing arrived twice.
      expect(orders.length).toBeGreaterThan(5);
      const rows = await readFaultTable(scene.installation.source, scene.table, scene.dataType);
      const times = new Map(rows.map((row) => [numberOf(row.payload ?? ''), row.at]));
      const inOrder = orders.map((id) => times.get(id) ?? '');
      expect(inOrder).toEqual([...inOrder].sort());
      expect(new Set(orders).size).toBe(orders.length);
    },
    {
      scene: async () => ({
        dataType: 'attributes',
        shape: { rows: ROWS, ties, hotUserRows: 50 },
        syncOptions: { page_size: 20, segment_rows: SEGMENT_ROWS },
        latencyMs: 20,
      }),
    },
  );
