/** Constants that the workflow bundle is made with: workflow code can read neither the environment nor a file. */
import type { BundleOptions } from '@temporalio/worker';

/** Values by the name that workflow code declares. */
export type WorkflowConstants = Readonly<Record<string, number>>;

/** @returns options that write them into the bundle */
export function workflowConstants(
  constants: WorkflowConstants,
): Required<Pick<BundleOptions, 'webpackConfigHook'>> {
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
