/** `cdi migrate`: a sync file for each integration of Braze's own Cloud Data Ingestion, and how to hand over. */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nameSchema, secretSchema } from '../../model/common-fields.ts';
import { workspaceSchema } from '../../model/definitions.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { resolveSecret } from '../definitions/resolve-secret.ts';
import { type HostedIntegration, hostedIntegrations } from '../migrate/hosted-integrations.ts';
import {
  dataTypeOf,
  startFromLine,
  syncFile,
  syncNames,
  withStartFrom,
} from '../migrate/hosted-sync-file.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import { writeWhole } from '../up/write-whole.ts';

export interface MigrateOptions {
  /** REST endpoint of the Braze instance. */
  readonly endpoint: string;
  /** `${env:NAME}` or `${file:PATH}`. */
  readonly apiKey: string;
  /** Name of the workspace in the sync files. */
  readonly workspace?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
}

interface Written {
  readonly file: string;
  readonly sync: string;
  readonly integration: string;
  readonly startFrom: string;
  readonly change: 'new' | 'start_from' | 'none';
  readonly running: boolean;
}

/**
 * Writes the files into a folder. A file that is there for an integration already gets its new `start_from` and is
 * otherwise left as it is.
 *
 * @throws CommandError `usage`, `unreachable`, `failed`
 */
export async function migrateHosted(output: Output, folder: string, options: MigrateOptions): Promise<void> {
  const endpoint = workspaceSchema.shape.endpoint.safeParse(options.endpoint);
  if (!endpoint.success)
    throw new CommandError(EXIT.usage, '--endpoint: write it such as https://rest.iad-01.braze.com.');
  if (options.workspace !== undefined && !nameSchema.safeParse(options.workspace).success)
    throw new CommandError(EXIT.usage, '--workspace: write the name of a workspace file.');
  const integrations = await hostedIntegrations({
    endpoint: endpoint.data,
    apiKey: await keyOf(options),
    say: (line) => output.say(line),
  });
  await mkdir(folder, { recursive: true });
  const present = await filesOf(folder);
  const names = syncNames(integrations);
  const written: Written[] = [];
  for (const [index, integration] of integrations.entries()) {
    written.push(await writeOne(folder, present, integration, names[index] ?? '', options.workspace));
  }
  if (output.json) {
    output.print(JSON.stringify({ folder, files: written }));
    return;
  }
  if (written.length === 0) {
    output.print('Braze knows no integration in this workspace.');
    return;
  }
  output.print(
    table(
      ['File', 'Start', 'Change'],
      written.map(({ file, startFrom, change }) => [file, startFrom, CHANGES[change]]),
    ),
  );
  output.print(`\n${handOver(folder, integrations, written)}`);
}

const CHANGES: Record<Written['change'], string> = {
  new: 'new; fill it in',
  start_from: 'start_from renewed',
  none: 'as it was',
};

async function keyOf({ apiKey, env }: MigrateOptions): Promise<string> {
  if (!secretSchema.safeParse(apiKey).success)
    throw new CommandError(EXIT.usage, '--api-key: write ${env:NAME} or ${file:PATH}, never the key itself.');
  const resolved = await resolveSecret(apiKey, { env, readFile: (path) => readFile(path, 'utf8') });
  if (resolved.found) return resolved.value;
  throw new CommandError(EXIT.usage, `--api-key: ${resolved.problem}.`);
}

/** Text of each YAML file of a folder, by name. */
async function filesOf(folder: string): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isFile() || !/\.ya?ml$/i.test(entry.name)) continue;
    files.set(entry.name, await readFile(join(folder, entry.name), 'utf8'));
  }
  return files;
}

async function writeOne(
  folder: string,
  present: ReadonlyMap<string, string>,
  integration: HostedIntegration,
  name: string,
  workspace: string | undefined,
): Promise<Written> {
  const known = [...present].find(([, text]) => text.includes(integration.integration_id));
  const file = known?.[0] ?? `${name}.yaml`;
  if (!known && present.has(file)) {
    throw new CommandError(
      EXIT.usage,
      `${join(folder, file)} is there already and belongs to no integration; move it, or choose another folder.`,
    );
  }
  const text = known ? withStartFrom(known[1], integration) : syncFile(integration, { name, workspace });
  if (text !== known?.[1]) await writeWhole(join(folder, file), text);
  return {
    file,
    sync: name,
    integration: integration.integration_id,
    startFrom: startFromLine(integration).replace(/^start_from: (# )?/, ''),
    change: !known ? 'new' : text === known[1] ? 'none' : 'start_from',
    running: /running|progress|pending/i.test(integration.lastJob?.job_status ?? ''),
  };
}

/** The steps to take, in their order. */
function handOver(
  folder: string,
  integrations: readonly HostedIntegration[],
  written: readonly Written[],
): string {
  const running = written.filter((one) => one.running).map(({ file }) => file);
  const added = integrations.some((integration) => {
    const type = dataTypeOf(integration);
    return type === undefined || type === 'events' || type === 'purchases';
  });
  return [
    'The hand-over, for each integration, without a gap and without a double:',
    `1. Fill in what is marked in the files of ${folder}. \`cdi apply\` refuses a file until then.`,
    '2. Pause the integration in Braze, and wait until its last job has ended.',
    ...(running.length > 0 ? [`   A job is under way now: ${running.join(', ')}.`] : []),
    '3. Run this command once more: it renews `start_from`, and leaves the rest of the files alone.',
    ...(added
      ? [
          '4. Events and purchases: rows at exactly `start_from` were delivered by Braze, and would count twice. Once no writer',
          '   writes that time any more, set `start_from` one microsecond later. Other types may stay: the same values twice',
          '   change nothing.',
        ]
      : ['4. Rows at exactly `start_from` go again once; the same values twice change nothing.']),
    `5. \`cdi apply ${folder}\`, then \`cdi test NAME\`: it shows the first rows and their requests, and sends nothing.`,
    '6. Let the schedule run, or `cdi run NAME`. Delete the integration in Braze once you trust the new sync.',
    'More: docs/migrating.md.',
  ].join('\n');
}
