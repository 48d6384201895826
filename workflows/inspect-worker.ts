import type { WorkerInspection } from '../model/inspection.ts';
import { step } from './activity-options.ts';

/** What `cdi doctor` asks of a worker. */
export async function inspectWorker(): Promise<WorkerInspection> {
  return step('inspectWorker', 'ledger, staging, mail and Braze as a worker sees them');
}
