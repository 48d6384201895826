/** Constants that the workflow bundle is made with: workflow code can read neither the environment nor a file. */
import type { WorkerOptions } from '@temporalio/worker';

type BundlerOptions = NonNullable<WorkerOptions['bundlerOptions']>;

/**
 * @param constants values by the name that workflow code declares
 * @returns options that write them into the bundle
 */
export function workflowConstants(constants: Readonly<Record<string, number>>): BundlerOptions {
  return {
    webpackConfigHook: (config) => ({
      ...config,
      plugins: [
        ...(config.plugins ?? []),
        (compiler) => new compiler.webpack.DefinePlugin({ ...constants }).apply(compiler),
      ],
    }),
  };
}
