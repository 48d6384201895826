/** The files and commands with which every guide ends. */
import { expect, test } from 'vitest';
import { checkCommand, definitionSteps, yamlText } from '../../../model/setup/definition-steps.ts';
import type { SetupAccount, SetupSource } from '../../../model/setup/setup-guide.ts';
import { accountOf, NO_ACCOUNT } from './accounts.ts';

const FILE = { text: 'Look it up.', options: '\nhost: example\n\n' };

const filesOf = (source: Partial<SetupSource>, account: SetupAccount): { name: string; text: string }[] =>
  definitionSteps(
    'redshift',
    { dataType: 'events', schema: 's', table: 't', ...source },
    account,
    FILE,
  ).flatMap(({ file }) => file ?? []);

const syncFileOf = (source: Partial<SetupSource>): { name: string; text: string } | undefined =>
  filesOf(source, NO_ACCOUNT)[1];

test('a credential file holds its head and its options', () => {
  expect(filesOf({}, NO_ACCOUNT)[0]).toEqual({
    name: 'my-syncs/redshift.yaml',
    text: 'kind: credential\nname: redshift\nwarehouse: redshift\nhost: example\n',
  });
});

test('a sync file names the credential that is there, and no new one is written', () => {
  const files = filesOf({ table: 'App_Events', schema: 'No' }, accountOf('redshift', 'own'));
  expect(files).toEqual([
    {
      name: 'my-syncs/app-events.yaml',
      text: [
        'kind: sync',
        'name: app-events',
        'workspace: shop',
        'credential: mine',
        'source:',
        '  schema: "No"',
        '  table: App_Events',
        'data_type: events',
        'schedule:',
        '  every: 15m',
        'notifications:',
        '  contacts: [data-team@example.com]',
        '',
      ].join('\n'),
    },
  ]);
});

test('a sync of a catalog names one', () => {
  const catalog =
    'data_type: catalog\n# The catalog has to exist in Braze, with its fields.\ncatalog: products\n';
  expect(syncFileOf({ dataType: 'catalog' })?.text).toContain(`${catalog}schedule:`);
  expect(syncFileOf({ dataType: 'purchases' })?.text).toContain('data_type: purchases\nschedule:');
});

test.each([
  ['App Events!', 'app-events'],
  ['__users  2__', 'users-2'],
  ['x'.repeat(70), 'x'.repeat(63)],
  ['Käufe', 'k-ufe'],
  ['***', 'events'],
])('a sync of the table %s is named %s', (table, name) => {
  const file = syncFileOf({ table });
  expect(file?.name).toBe(`my-syncs/${name}.yaml`);
  expect(file?.text).toContain(`\nname: ${name}\n`);
});

test.each([
  ['plain_1-x', 'plain_1-x'],
  ['Upper', 'Upper'],
  ['yesterday', 'yesterday'],
  ['anyone', 'anyone'],
  ['1x', '"1x"'],
  ['x!', '"x!"'],
  ['a b', '"a b"'],
  ['YES', '"YES"'],
  ['n', '"n"'],
])('%s is written as %s in YAML', (text, written) => {
  expect(yamlText(text)).toBe(written);
});

test('the check names what it is about', () => {
  expect(checkCommand('fabric', 'own', { dataType: 'catalog', schema: 'my schema', table: 't' })).toBe(
    "cdi setup fabric --type catalog --credential own --schema 'my schema' --table t --check",
  );
});
