/** Joins the steps into the objects that the workers register, one per task queue. */
import { answerHeld } from './answer-held.ts';
import { castErrors } from './cast-errors.ts';
import { checkSetup } from './check-setup.ts';
import { commitRetry } from './commit-retry.ts';
import { commitWatermark } from './commit-watermark.ts';
import { countRewind } from './count-rewind.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { extract } from './extract.ts';
import { extractRejected } from './extract-rejected.ts';
import { finishRun } from './finish-run.ts';
import { holdRun } from './hold-run.ts';
import { inspectWorker } from './inspect-worker.ts';
import { maintain } from './maintain.ts';
import { measureRun } from './measure-run.ts';
import { notify } from './notify.ts';
import { planParts } from './plan-parts.ts';
import { previewSource } from './preview-source.ts';
import { readWatermark } from './read-watermark.ts';
import { recordRetry } from './record-retry.ts';
import { testConnection } from './test-connection.ts';
import { testCredential } from './test-credential.ts';
import { upload } from './upload.ts';
import { validate } from './validate.ts';
import { verifySync } from './verify-sync.ts';

/** Steps that ask the warehouse. */
export function createWarehouseActivities(dependencies: ActivityDependencies) {
  return cast(dependencies, {
    testConnection: testConnection(dependencies),
    readWatermark: readWatermark(dependencies),
    planParts: planParts(dependencies),
    extract: extract(dependencies),
    measureRun: measureRun(dependencies),
    extractRejected: extractRejected(dependencies),
    countRewind: countRewind(dependencies),
    inspectWorker: inspectWorker(dependencies),
    verifySync: verifySync(dependencies),
    previewSource: previewSource(dependencies),
    testCredential: testCredential(dependencies),
    checkSetup: checkSetup(dependencies),
  });
}

/** Steps that make and send requests for Braze. */
export function createBrazeActivities(dependencies: ActivityDependencies) {
  return cast(dependencies, {
    validate: validate(dependencies),
    upload: upload(dependencies),
  });
}

/** Short steps that touch only the ledger and mail. */
export function createControlActivities(dependencies: ActivityDependencies) {
  return cast(dependencies, {
    commitWatermark: commitWatermark(dependencies),
    commitRetry: commitRetry(dependencies),
    holdRun: holdRun(dependencies),
    answerHeld: answerHeld(dependencies),
    recordRetry: recordRetry(dependencies),
    finishRun: finishRun(dependencies),
    failRun: finishRun(dependencies),
    notify: notify(dependencies),
    maintain: maintain(dependencies),
  });
}

export type WarehouseActivities = ReturnType<typeof createWarehouseActivities>;
export type BrazeActivities = ReturnType<typeof createBrazeActivities>;
export type ControlActivities = ReturnType<typeof createControlActivities>;

type Steps = Record<string, (...args: never[]) => Promise<unknown>>;

function cast<S extends Steps>({ log }: ActivityDependencies, steps: S): S {
  return Object.fromEntries(Object.entries(steps).map(([name, step]) => [name, castErrors(step, log)])) as S;
}
