/** Mutation tests of `model/`; scripts/mutation.mjs starts them. */
export default {
  // A list of data has no rule in it; what a set-up guide says is for people, and its statements have tests elsewhere.
  mutate: ['model/**/*.ts', '!model/rules/currencies.ts', '!model/setup/**'],
  testRunner: 'vitest',
  coverageAnalysis: 'perTest',
  // Only what these tests need is copied, so there are no others to find: the product is not tested here, its rules are.
  ignorePatterns: [
    '**',
    '!package.json',
    '!tsconfig.json',
    '!vitest.config.ts',
    '!model/**',
    '!client/definitions/**',
    '!examples/**',
    '!test/unit/{model,definitions}/**',
  ],
  concurrency: 1,
  timeoutMS: 10_000,
  thresholds: { high: 95, low: 90, break: 90 },
  warnings: { slow: false },
  reporters: ['clear-text', 'json', 'html'],
  clearTextReporter: { reportTests: false, logTests: false },
  jsonReporter: { fileName: 'reports/mutation/mutation.json' },
  htmlReporter: { fileName: 'reports/mutation/mutation.html' },
};
