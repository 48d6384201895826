/** A run whose steps do nothing: as many activities and local activities as a small run of a sync has. */
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';

export interface EmptySteps {
  /** Does nothing. */
  step(): Promise<void>;
}

/** Connection test, watermark, extraction, validation, upload. */
const STEPS = 5;
/** The commit, and the end of the run. */
const STEPS_IN_LEDGER = 2;

const { step } = proxyActivities<EmptySteps>({ startToCloseTimeout: '1 minute', heartbeatTimeout: '10 s' });
const { step: stepHere } = proxyLocalActivities<EmptySteps>({ startToCloseTimeout: '1 minute' });

export async function emptySteps(): Promise<void> {
  for (let index = 0; index < STEPS; index += 1) await step();
  for (let index = 0; index < STEPS_IN_LEDGER; index += 1) await stepHere();
}
