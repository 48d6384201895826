/** Counts a test run for the closing line of `npm test`. */
import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

export interface TestCount {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Only a test that ran and passed counts as passed. A skipped test counts as failed, for nothing is left out
 * silently, and so does a file or a suite that failed outside its tests, and an error that no test caught.
 */
export function countTests(modules: readonly TestModule[], unhandledErrors: number): TestCount {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const passed = tests.filter((test) => test.result().state === 'passed').length;
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const failedSuites = suites.filter((suite) => suite.errors().length > 0).length;
  return { passed, failed: tests.length - passed + failedSuites + unhandledErrors };
}

/** Writes the count as JSON to the file named by CDI_TEST_RESULT. */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const file = process.env['CDI_TEST_RESULT'];
    if (file !== undefined) writeFileSync(file, JSON.stringify(countTests(modules, unhandledErrors.length)));
  }
}
