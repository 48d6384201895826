/**
 * Prints the bundle of the workflows, with the constants of its first argument (JSON). A process of its own, because the
 * bundler takes 200 MB and does not give them back: a worker would carry them for as long as it runs.
 */
import { type Logger, bundleWorkflowCode } from '@temporalio/worker';
import { type WorkflowConstants, workflowConstants } from './workflow-constants.ts';

const silent = (): void => undefined;
const logger: Logger = {
  log: silent,
  trace: silent,
  debug: silent,
  info: silent,
  warn: silent,
  error: silent,
};

const { code } = await bundleWorkflowCode({
  workflowsPath: new URL('../workflows/index.ts', import.meta.url).pathname,
  logger,
  ...workflowConstants(JSON.parse(process.argv[2] ?? '{}') as WorkflowConstants),
});
await new Promise((resolve) => process.stdout.write(code, resolve));
