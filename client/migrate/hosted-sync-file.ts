/** What is known of an integration of the hosted product, as a sync file; what only a person knows is marked. */
import type { DataType } from '../../model/data-type.ts';
import { FILL_IN } from '../definitions/explain-blanks.ts';
import type { HostedIntegration } from './hosted-integrations.ts';

const DATA_TYPES: readonly (readonly [RegExp, DataType])[] = [
  [/delet/i, 'user_deletes'],
  [/catalog/i, 'catalog'],
  [/purchase/i, 'purchases'],
  [/event/i, 'events'],
  [/attribute/i, 'attributes'],
];

const WAREHOUSES: readonly (readonly [RegExp, string])[] = [
  [/snowflake/i, 'Snowflake'],
  [/redshift/i, 'Amazon Redshift'],
  [/big\s*query/i, 'Google BigQuery'],
  [/databricks/i, 'Databricks'],
  [/fabric|synapse/i, 'Microsoft Fabric'],
];

/** @returns undefined where the text names none: which texts Braze uses is not published */
export function dataTypeOf({ integration_type: type }: HostedIntegration): DataType | undefined {
  return DATA_TYPES.find(([pattern]) => pattern.test(type))?.[1];
}

export function warehouseNameOf({ warehouse_type: type }: HostedIntegration): string | undefined {
  return WAREHOUSES.find(([pattern]) => pattern.test(type))?.[1];
}

/** What `start_from` becomes. */
export type StartFrom =
  | { readonly known: true; readonly value: string }
  /** Why a person has to say it. */
  | { readonly known: false; readonly reason: string };

/** A time without a zone is left to a person: a wrong guess would skip rows, or send them twice. */
export function startFromOf({ last_updated_at: time, lastJob }: HostedIntegration): StartFrom {
  if (time === '') {
    return lastJob === undefined
      ? { known: true, value: 'beginning' }
      : { known: false, reason: 'Braze does not tell up to which UPDATED_AT it has delivered' };
  }
  const match =
    /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,9})?\s*(Z|UTC|[+-]\d\d:?\d\d)$/i.exec(time.trim()) ?? [];
  const [, day, clock, fraction = '', zone] = match;
  if (day === undefined || clock === undefined || zone === undefined)
    return { known: false, reason: `Braze says ${shown(time)}; write it as a UTC time` };
  const offset = /^(z|utc)$/i.test(zone) ? 'Z' : zone.replace(/^(...):?(..)$/, '$1:$2');
  const instant = new Date(`${day}T${clock}${offset}`);
  if (Number.isNaN(instant.getTime())) return { known: false, reason: `Braze says ${shown(time)}` };
  return { known: true, value: `${instant.toISOString().slice(0, 19)}${fraction}Z` };
}

const LONGEST_NAME = 63;

/** A name for each integration, in their order: unique, and made of its name in Braze. */
export function syncNames(integrations: readonly HostedIntegration[]): string[] {
  const taken = new Set<string>();
  return integrations.map(({ integration_name: name, integration_id: id }) => {
    const slug = name
      .normalize('NFKD')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^-+|-+$/g, '');
    const base =
      slug ||
      `integration-${id
        .toLowerCase()
        .replaceAll(/[^a-z0-9]/g, '')
        .slice(0, 8)}`;
    for (let number = 1; ; number += 1) {
      const suffix = number === 1 ? '' : `-${number}`;
      const candidate = `${base.slice(0, LONGEST_NAME - suffix.length)}${suffix}`;
      if (taken.has(candidate)) continue;
      taken.add(candidate);
      return candidate;
    }
  });
}

export interface SyncFileChoices {
  readonly name: string;
  /** Undefined: a person fills it in. */
  readonly workspace: string | undefined;
}

/** The text of the sync file. */
export function syncFile(integration: HostedIntegration, { name, workspace }: SyncFileChoices): string {
  const dataType = dataTypeOf(integration);
  const warehouse = warehouseNameOf(integration);
  const { lastJob } = integration;
  const contacts = integration.contact_emails.split(/[\s,;]+/).filter((address) => address !== '');
  const lines = [
    `# ${shown(integration.integration_name)}, integration ${shown(integration.integration_id)} of Braze.`,
    ...comment('Type in Braze', integration.integration_type),
    ...comment('Warehouse', integration.warehouse_type),
    ...comment('Status', integration.integration_status),
    ...comment('Last job', lastJob && `${lastJob.job_status}, started ${lastJob.sync_start_time}`),
    ...comment('Next run there', integration.next_scheduled_run),
    'kind: sync',
    `name: ${name}`,
    option('description', `From the integration ${integration.integration_name} of Braze.`.slice(0, 500)),
    workspace === undefined
      ? blank('workspace', 'name of the workspace file')
      : option('workspace', workspace),
    blank('credential', `name of the credential file${warehouse ? ` for ${warehouse}` : ''}`),
    'source:',
    `  ${blank('schema', 'schema of the table (at BigQuery: dataset)')}`,
    `  ${blank('table', 'name of the table or view')}`,
    dataType
      ? `data_type: ${dataType}`
      : blank('data_type', 'attributes, events, purchases, user_deletes or catalog'),
    ...(dataType === 'catalog' ? [blank('catalog', 'name of the catalog in Braze')] : []),
    blank('schedule', 'as in Braze, such as { every: 1h }, or manual'),
    startFromLine(integration),
    'notifications:',
    ...(contacts.length > 0
      ? ['  contacts:', ...contacts.map((address) => `    - ${JSON.stringify(address)}`)]
      : [`  ${blank('contacts', 'who is told of errors: a list of e-mail addresses')}`]),
  ];
  return `${lines.join('\n')}\n`;
}

/** @returns the line of a sync file that says where the first run begins */
export function startFromLine(integration: HostedIntegration): string {
  const start = startFromOf(integration);
  return start.known ? `start_from: ${start.value}` : blank('start_from', start.reason);
}

/** Puts the newest `start_from` into a file that somebody has worked on; everything else stays. */
export function withStartFrom(file: string, integration: HostedIntegration): string {
  const line = startFromLine(integration);
  return /^start_from:.*$/m.test(file)
    ? file.replace(/^start_from:.*$/m, () => line)
    : `${file.trimEnd()}\n${line}\n`;
}

const blank = (name: string, what: string): string => `${name}: # ${FILL_IN}${what}`;
/** JSON is YAML, and keeps a hostile name within its quotes. */
const option = (name: string, value: string): string => `${name}: ${JSON.stringify(value)}`;
const comment = (what: string, value: string | undefined): string[] =>
  value ? [`# ${what}: ${shown(value)}`] : [];
/** What Braze says, on one line. */
const shown = (value: string): string => value.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 200);
