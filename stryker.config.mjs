/** Mutation tests of `model/`; scripts/mutation.mjs starts them. */

/**
 * What a set-up guide says is for people, and its statements run against a warehouse or a stand-in of it: in
 * `model/setup/` conditions, names and quoting are changed, words are not.
 */
const setupWords = {
  shouldIgnore(path) {
    const isText =
      path.isStringLiteral() || (path.isTemplateLiteral() && !path.node.expressions.some(decides));
    if (isText && holdsSetup(path.findParent((parent) => parent.isProgram()).node))
      return 'These are words of a set-up guide.';
    return undefined;
  },
};

/** Stryker finds it by this name. */
export const strykerPlugins = [{ kind: 'Ignore', name: 'setup-words', value: setupWords }];

const decides = ({ type }) => type === 'ConditionalExpression' || type === 'LogicalExpression';

const holdsSetup = ({ body }) =>
  body.some(({ type, source }) => type === 'ImportDeclaration' && source.value === './setup-guide.ts');

export default {
  // A list of data has no rule in it.
  mutate: ['model/**/*.ts', '!model/rules/currencies.ts'],
  plugins: ['@stryker-mutator/*', './stryker.config.mjs'],
  ignorers: ['setup-words'],
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
    '!client/output/**',
    '!examples/**',
    '!test/unit/{model,definitions}/**',
    '!test/unit/setup/**',
    'test/unit/setup/keygen.test.ts',
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
