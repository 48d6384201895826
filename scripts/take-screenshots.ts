/**
 * Takes the pictures of the docs: runs the demo with a slow simulator and photographs the Temporal UI meanwhile, then
 * makes on the same installation what goes wrong in real life. The pictures go to docs/images. `--status-page` takes only those
 * of the status page.
 */
import { pauseSync } from '../client/commands/pause.ts';
import { runWorkflowId, scheduleId } from '../model/names.ts';
import { openCamera, type Picture } from './screenshots/camera.ts';
import { type KeptDemo, startDemo } from './screenshots/kept-demo.ts';
import { takeStatusPage } from './screenshots/status-page.ts';
import {
  type Scene,
  type Situation,
  cancelled,
  held,
  partial,
  refused,
  retried,
} from './screenshots/situations.ts';

const SYNC = 'app-events';
/** Slow enough for a run to be met under way. */
const LATENCY_MS = 4_000;
const STANDSTILL_MS = 20_000;
/** The second segment is under way once more are sent, and so the first is committed. */
const ROWS_OF_FIRST_SEGMENT = 20_000;

const onlyStatusPage = process.argv.includes('--status-page');
await using demo = await startDemo(onlyStatusPage ? 0 : LATENCY_MS);
await using camera = await openCamera();
const { session } = demo;
const isOver = (): Promise<boolean> =>
  demo.until('the end of the demo', async () => (demo.isOver() ? true : undefined));

if (onlyStatusPage) {
  await isOver();
  await takeStatusPage(demo, camera);
} else {
  await takeEverything();
}

async function takeEverything(): Promise<void> {
  const run = await demo.until('a run under way', async () => {
    const [latest] = await session.ledger.runs.ofSync(SYNC, 1);
    return latest && latest.counts.sent > ROWS_OF_FIRST_SEGMENT ? latest.id : undefined;
  });
  const underWay = { sync: SYNC, run };
  const braze = await demo.braze();
  // No answer comes until the pictures are taken.
  await braze.setLatency({ ms: STANDSTILL_MS });
  await camera.take(timeline('run-timeline', underWay, 'commitWatermark', 840));
  await camera.take(details('run-details', underWay, 860));
  await camera.take(pending('run-step', underWay, 'Last Heartbeat', 960));
  await braze.setLatency({ ms: LATENCY_MS });

  await isOver();
  await takeStatusPage(demo, camera);
  await tickEverySchedule(demo);
  await camera.take({
    name: 'schedules',
    url: `${demo.ui}/schedules`,
    sign: 'Upcoming Runs',
    height: 960,
  });

  await pauseEverySchedule(demo);
  const scene: Scene = { demo, warehouse: await demo.warehouse(), braze };
  await camera.take(details('partial-details', await partial(scene), 860));
  await camera.take(details('cancelled-details', await cancelled(scene), 860));
  const failed = await refused(scene);
  await camera.take(timeline('failed-timeline', failed, 'failRun', 1_000));
  await camera.take(details('failed-details', failed, 860));
  const waiting = await held(scene);
  await camera.take(details('held-details', waiting, 860));
  const again = await retried(scene);
  await camera.take(timeline('retried-timeline', again, '/ 40', 840));
  await camera.take(pending('retried-step', again, 'Last Failure', 960));
  await camera.take({
    name: 'runs',
    url: `${demo.ui}/workflows?query=${encodeURIComponent('WorkflowType="syncRun"')}`,
    sign: 'sync/user-deletes',
    height: 1_080,
  });
}

function pageOf({ sync, run }: Situation): string {
  return `${demo.ui}/workflows/${encodeURIComponent(runWorkflowId(sync))}/${run}`;
}

/** @param sign a step that the timeline shows */
function timeline(name: string, situation: Situation, sign: string, height: number): Picture {
  return { name, url: `${pageOf(situation)}/timeline`, sign, height };
}

function details(name: string, situation: Situation, height: number): Picture {
  return { name, url: `${pageOf(situation)}/user-metadata`, sign: 'Current Details', height };
}

/** @param sign a text that the page shows of the step under way */
function pending(name: string, situation: Situation, sign: string, height: number): Picture {
  return { name, url: `${pageOf(situation)}/pending-activities`, sign, height };
}

async function tickEverySchedule({ session }: KeptDemo): Promise<void> {
  const { schedule } = await session.temporal();
  for (const { name } of await session.ledger.definitions.syncs()) {
    await schedule.getHandle(scheduleId(name)).trigger();
  }
}

/** So that no tick comes between; those under way are waited for. */
async function pauseEverySchedule({ session, until }: KeptDemo): Promise<void> {
  for (const { name } of await session.ledger.definitions.syncs()) {
    await pauseSync(session, name, 'Paused for pictures.');
  }
  await until('the end of the runs', async () =>
    (await session.ledger.runs.unfinished()).length === 0 ? true : undefined,
  );
}
