/** Joins the steps into the objects that the workers register, one per task queue. */
import { castErrors } from './cast-errors.ts';
import { commitWatermark } from './commit-watermark.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { extract } from './extract.ts';
import { finishRun } from './finish-run.ts';
import { maintain } from './maintain.ts';
import { notify } from './notify.ts';
import { previewSource } from './preview-source.ts';
import { readWatermark } from './read-watermark.ts';
import { testConnection } from './test-connection.ts';
import { testCredential } from './test-credential.ts';
import { upload } from './upload.ts';
import { validate } from './validate.ts';

/** Steps that ask the warehouse. */
export function createWarehouseActivities(dependencies: ActivityDependencies) {
  return cast(dependencies, {
    testConnection: testConnection(dependencies),
    readWatermark: readWatermark(dependencies),
    extract: extract(dependencies),
    previewSource: previewSource(dependencies),
    testCredential: testCredential(dependencies),
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
    finishRun: finishRun(dependencies),
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
