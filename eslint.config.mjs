import js from '@eslint/js';
import importX from 'eslint-plugin-import-x';
import ts from 'typescript-eslint';

/**
 * Imports point one way: api → client; client and worker → workflows, activities → store → model. The entry point of the
 * command line alone loads the API, in order to start it.
 * Each entry lists what a folder may import of the others; docs/architecture.md has the same table.
 */
const mayImport = {
  model: [],
  outbound: ['model'],
  store: ['model'],
  metrics: ['store', 'model'],
  notify: ['outbound', 'store', 'model'],
  activities: ['metrics', 'notify', 'outbound', 'store', 'model'],
  workflows: ['activities', 'model'],
  worker: ['workflows', 'activities', 'metrics', 'notify', 'outbound', 'store', 'model'],
  client: ['workflows', 'metrics', 'notify', 'outbound', 'store', 'model'],
  api: ['client', 'workflows', 'metrics', 'notify', 'outbound', 'store', 'model'],
};

const FOLDERS = [...Object.keys(mayImport), 'test', 'bench'];
const forbidden = Object.entries(mayImport).map(([folder, allowed]) => [
  folder,
  FOLDERS.filter((other) => other !== folder && !allowed.includes(other)),
]);

const direction = forbidden.map(([folder, folders]) => ({
  files: [`${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: folders.flatMap((name) => [`**/../${name}/**`, `../${name}/**`]),
            message: `${folder}/ may not import this; see the layout in docs/architecture.md.`,
          },
          ...(folder === 'workflows' || folder === 'model'
            ? [
                {
                  group: ['node:*', 'pg', 'undici', 'kysely', 'pino'],
                  message: 'Workflow code is deterministic: no I/O.',
                },
              ]
            : []),
          ...(folder === 'workflows'
            ? [
                {
                  group: ['../activities/**'],
                  allowTypeImports: true,
                  message: 'Workflows import only the types of activities.',
                },
              ]
            : []),
        ],
      },
    ],
  },
}));

export default ts.config(
  { ignores: ['node_modules/', '.cdi/', 'reports/', '.stryker-tmp/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [...ts.configs.strictTypeChecked],
    plugins: { 'import-x': importX },
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/require-await': 'off',
      // It takes a variable that a callback changes for one that never changes.
      '@typescript-eslint/no-unnecessary-condition': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      'import-x/no-cycle': ['error', { ignoreExternal: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'error',
    },
    settings: {
      'import-x/resolver': { node: { extensions: ['.ts'] } },
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
  },
  ...direction,
  {
    files: [
      '{model,store,outbound,metrics,notify,activities,workflows}/**/*.ts',
      'client/**/*.ts',
      'api/**/*.ts',
      'worker/**/*.ts',
    ],
    ignores: ['client/main.ts', 'worker/main.ts', 'worker/health.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'process', property: 'env', message: 'Only entry points read the environment.' },
      ],
    },
  },
  {
    files: ['**/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
      },
    },
  },
  { files: ['client/output/**/*.ts', 'bench/**/*.ts', 'scripts/**/*.ts'], rules: { 'no-console': 'off' } },
);
