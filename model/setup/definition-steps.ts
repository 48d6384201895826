/** The last steps on every warehouse: the definitions of ours, the check, and `cdi apply`. */
import type { WarehouseCredential } from '../warehouse-credentials.ts';
import type { SetupAccount, SetupSource, SetupStep } from './setup-guide.ts';
import { shellWord } from './shell-word.ts';

/** Where the guide keeps the definitions. */
const FOLDER = 'my-syncs';

export interface CredentialFile {
  /** How to come by the values. */
  readonly text: string;
  /** Options of the credential after its name, as lines of YAML. */
  readonly options: string;
}

/** @param file what the credential holds, where none is declared yet */
export function definitionSteps(
  warehouse: WarehouseCredential['warehouse'],
  source: SetupSource,
  { credential }: SetupAccount,
  file: CredentialFile,
): SetupStep[] {
  const name = credential?.name ?? warehouse;
  const path = `${FOLDER}/${name}.yaml`;
  return [
    ...(credential
      ? []
      : [
          {
            title: 'Write the credential file',
            text: `${file.text} Secrets stay outside the file, and are kept encrypted in the ledger.`,
            file: {
              name: path,
              text: `kind: credential\nname: ${name}\nwarehouse: ${warehouse}\n${file.options.trim()}\n`,
            },
          },
        ]),
    {
      title: 'Check the account',
      text: 'A worker connects, looks at table and columns, and says what is still missing, with the statement for it.',
      shell: [
        ...(credential ? [] : [`cdi credential add ${path}`]),
        checkCommand(warehouse, name, source),
      ].join('\n'),
    },
    {
      title: 'Write the sync file',
      text: 'Under `workspace`, name the one that you have declared; `examples/` shows one, with every option of a sync.',
      file: { name: `${FOLDER}/${syncName(source)}.yaml`, text: syncFile(source, name) },
    },
    {
      title: 'Put it in force',
      text: 'The first command shows what would change. The second one also tests the sync, and its schedule begins.',
      shell: `cdi apply ${FOLDER} --dry-run\ncdi apply ${FOLDER}`,
    },
  ];
}

/** The command that says what is missing in the warehouse. */
export function checkCommand(warehouse: string, credential: string, source: SetupSource): string {
  const { dataType, schema, table } = source;
  return `cdi setup ${warehouse} --type ${dataType} --credential ${credential} --schema ${shellWord(schema)} --table ${shellWord(table)} --check`;
}

function syncFile(source: SetupSource, credential: string): string {
  const { dataType, schema, table } = source;
  return [
    'kind: sync',
    `name: ${syncName(source)}`,
    'workspace: shop',
    `credential: ${credential}`,
    'source:',
    `  schema: ${yamlText(schema)}`,
    `  table: ${yamlText(table)}`,
    `data_type: ${dataType}`,
    ...(dataType === 'catalog'
      ? ['# The catalog has to exist in Braze, with its fields.', 'catalog: products']
      : []),
    'schedule:',
    '  every: 15m',
    'notifications:',
    '  contacts: [data-team@example.com]',
    '',
  ].join('\n');
}

const LONGEST_NAME = 63;

/** A name for the sync, after its table. */
function syncName({ table, dataType }: SetupSource): string {
  const plain = table
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
    .slice(0, LONGEST_NAME);
  return plain === '' ? dataType : plain;
}

/** Words that YAML would not take for text. */
const YAML_WORDS = /^(true|false|yes|no|on|off|null|y|n)$/i;

/** A text as YAML takes it for one; JSON is YAML. */
export function yamlText(text: string): string {
  return /^[A-Za-z_][\w-]*$/.test(text) && !YAML_WORDS.test(text) ? text : JSON.stringify(text);
}
