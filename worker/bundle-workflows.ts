/**
 * Prints the bundle of the workflows as its argument (JSON) wants it. A process of its own, because the bundler takes 200 MB
 * and does not give them back: a worker would carry them for as long as it runs.
 */
import { fileURLToPath } from 'node:url';
import { type Logger, bundleWorkflowCode } from '@temporalio/worker';
import type { BundleContents } from './workflow-bundle.ts';
import { workflowConstants } from './workflow-constants.ts';

const silent = (): void => undefined;
const logger: Logger = {
  log: silent,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
};

const { interceptors, heartbeatTimeoutMs } = JSON.parse(process.argv[2] ?? '') as BundleContents;

const { code } = await bundleWorkflowCode({
  workflowInterceptorModules: interceptors.map((name) => fileURLToPath(import.meta.resolve(name))),
  workflowsPath: new URL('../workflows/index.ts', import.meta.url).pathname,
  logger,
  ...workflowConstants({ CDI_HEARTBEAT_TIMEOUT_MS: heartbeatTimeoutMs }),
});
await new Promise((resolve) => process.stdout.write(code, resolve));
