export { checkSetup } from './check-setup.ts';
export { countRewind } from './count-rewind.ts';
export { inspectWorker } from './inspect-worker.ts';
export { maintenance } from './maintenance.ts';
export { retryRun } from './retry-run.ts';
export { scheduledSync } from './scheduled-sync.ts';
export { syncRun } from './sync-run.ts';
export { verifySync } from './verify-sync.ts';
export { testCredential, testSync } from './test-sync.ts';
