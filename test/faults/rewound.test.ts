/** A run is cancelled in mid-upload and its sync rewound: the next run sends everything from there on, nothing else. */
import { expect } from 'vitest';
import { runWorkflowId } from '../../model/names.ts';
import { readFaultTable } from './fault-table.ts';
import { faultTest } from './fault-test.ts';

faultTest('rewound', async (scene) => {
  const { session, source } = scene.installation;
  const table = await readFaultTable(source, scene.table, scene.dataType);
  await scene.startWorker();
  const run = await scene.start();
  // At least one segment is committed by then, whatever its size.
  await scene.untilArrived(scene.drawArrivals(0.9));
  const before = (await session.ledger.watermarks.get(scene.sync))?.value ?? null;
  expect(before).not.toBeNull();
  const early = table.filter(({ at }) => at <= (before ?? ''));
  const again = early[scene.random.integer(0, early.length - 1)]?.at ?? '';
  const rewind = { sync: scene.sync, to: again, by: 'test', rows: 0 };
  expect(await session.ledger.rewind({ ...rewind, from: before }), 'while the run is open').toBe(false);

  const client = await session.temporal();
  await client.workflow.getHandle(runWorkflowId(scene.sync)).cancel();
  await scene.untilEnded();
  const from = (await session.ledger.runs.get(run))?.watermarkAfter ?? null;
  expect(await session.ledger.rewind({ ...rewind, from })).toBe(true);
  await scene.start();
  const { counts } = await scene.untilSuccess();
  expect(counts.sent).toBe(table.filter(({ at }) => at >= again).length);
  await scene.judge('nothing', { again, tableIsStill: false });
});
