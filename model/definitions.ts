/**
 * What an operator declares in YAML: workspaces, credentials and syncs. The schemas are the only place where
 * defaults and limits are written; docs/configuration.md and the editors' JSON schema are generated from them.
 */
import { z } from 'zod';
import { nameSchema, secretSchema } from './common-fields.ts';
import { DATA_TYPES } from './data-type.ts';
import { parseDuration } from './duration.ts';
import { ROWS_CEILING } from './guard.ts';
import { scheduleSchema } from './schedule.ts';
import { warehouseCredentialSchemas } from './warehouse-credentials.ts';

const duration = (text: string): z.ZodString =>
  z
    .string()
    .refine((value) => parseDuration(value) !== undefined, 'write a duration such as 500ms, 5s, 15m or 2h')
    .describe(text);

/** Paths are added by the requests; user, query and fragment have no place in an endpoint. */
function isOrigin(text: string): boolean {
  return URL.canParse(text) && text.replace(/\/$/, '').toLowerCase() === new URL(text).origin;
}

const webhookSchema = z
  .strictObject({
    name: nameSchema.describe('Name that `notifications.webhooks` of a sync refers to.'),
    url: z
      .union([secretSchema, z.url({ protocol: /^https?$/ })], {
        error: 'write https://…, or ${env:NAME} or ${file:PATH} where the URL is a secret',
      })
      .describe(
        'Address, or a reference where the address is itself a secret, as that of a Slack webhook. It must lead to a public ' +
          'IP address, or to one of `CDI_ALLOWED_ADDRESSES`; redirects are not followed.',
      ),
    secret: secretSchema
      .optional()
      .describe('Key that signs each message with HMAC-SHA256. Default: no signature.'),
    format: z
      .enum(['json', 'slack'])
      .default('json')
      .describe(
        '`json` for programs; `slack` for an incoming webhook of Slack, Mattermost or whatever reads its form.',
      ),
  })
  .describe('Where alerts are posted.');

export const workspaceSchema = z
  .strictObject({
    kind: z.literal('workspace').describe('Marks the file as a workspace.'),
    name: nameSchema,
    endpoint: z
      .url({
        protocol: /^https?$/,
        error: 'write the REST endpoint, such as https://rest.iad-01.braze.com',
        abort: true,
      })
      .refine(isOrigin, 'write only scheme and host, such as https://rest.iad-01.braze.com')
      .describe('REST endpoint of the Braze instance, for example `https://rest.iad-01.braze.com`.'),
    api_key: secretSchema.describe('REST API key of the workspace, as `${env:NAME}` or `${file:PATH}`.'),
    track_batch: z
      .union([z.literal(75), z.literal(50), z.literal('legacy')])
      .default(75)
      .describe(
        'Objects per `/users/track` request: 75, or 50 on some plans; `legacy` is 75 per array, the same here.',
      ),
    track_requests_per_3s: z
      .int()
      .min(1)
      .max(100_000)
      .default(3000)
      .describe('Rate limit of `/users/track`, in requests per 3 seconds.'),
    webhooks: z
      .array(webhookSchema)
      .refine(
        (webhooks) => new Set(webhooks.map(({ name }) => name)).size === webhooks.length,
        'give each its own name',
      )
      .optional()
      .describe(
        'Where alerts about the syncs of this workspace are posted, beside the mails to their contacts.',
      ),
  })
  .describe('One Braze workspace: where to send, and with which key.');

/** Paths of the fields of a workspace that are written as references. */
export function workspaceSecrets({ webhooks = [] }: z.infer<typeof workspaceSchema>): string[] {
  return [
    'api_key',
    ...webhooks.flatMap(({ url, secret }, index) => [
      ...(url.startsWith('${') ? [`webhooks.${index}.url`] : []),
      ...(secret === undefined ? [] : [`webhooks.${index}.secret`]),
    ]),
  ];
}

export const credentialSchema = z
  .discriminatedUnion('warehouse', warehouseCredentialSchemas)
  .describe('A named, reusable connection to one warehouse account.');

const sourceSchema = z
  .strictObject({
    schema: z
      .string()
      .min(1)
      .max(255)
      .describe('Schema (at BigQuery: dataset) of the table or view, exactly as the warehouse spells it.'),
    table: z
      .string()
      .min(1)
      .max(255)
      .describe('Name of the table or view, exactly as the warehouse spells it.'),
  })
  .describe('The table or view that is read.');

const notificationsSchema = z
  .strictObject({
    contacts: z
      .array(z.email('write an e-mail address'))
      .min(1, 'give at least one address')
      .describe('Who is told of every error that stops a run. At least one address.'),
    row_errors_percent: z
      .number()
      .min(0)
      .max(100)
      .optional()
      .describe(
        'Also tell of rejected rows when they are at least this share of a run, in percent; 0 means any. Default: never.',
      ),
    on_success: z.boolean().default(false).describe('Also tell of each run that ended well.'),
    on_empty_success: z
      .boolean()
      .default(false)
      .describe('With `on_success`: also when there were no new rows.'),
    on_warnings: z
      .boolean()
      .default(true)
      .describe('Also tell, once until they are gone, of rows in the future and of ceilings that come near.'),
    stale_after: z
      .int()
      .min(0)
      .max(1_000)
      .default(3)
      .describe(
        'Also tell when no run has ended well for this many intervals of the schedule; 0 means never.',
      ),
    webhooks: z
      .array(nameSchema)
      .optional()
      .describe('Webhooks of the workspace that are told as well. Default: all of them.'),
  })
  .describe('Who is told what, by e-mail and by the webhooks of the workspace.');

const LOOKBACK_MOST_MS = 86_400_000;

const optionsSchema = z
  .strictObject({
    page_size: z
      .int()
      .min(1)
      .max(100_000)
      .default(10_000)
      .describe('Rows per staged page; a run begins with a segment of two pages.'),
    segment_rows: z
      .int()
      .min(1)
      .max(5_000_000)
      .default(400_000)
      .describe('Ceiling of a segment, in rows. A segment grows past it only to finish an instant.'),
    safety_lag: duration(
      'How far behind the clock of the warehouse a run stops reading, for writers that commit late.',
    ).default('5s'),
    rate_share: z
      .number()
      .gt(0)
      .max(1)
      .default(0.8)
      .describe(
        "Share of the workspace's rate limit that this sync may use; the rest is left to other traffic.",
      ),
    max_concurrency: z.int().min(1).max(500).default(300).describe('Requests in flight at most.'),
    unconfirmed_window: z
      .int()
      .min(1)
      .max(10_000)
      .default(250)
      .describe(
        'How many batches may be sent beyond the lowest unconfirmed one: what a crash may double at most.',
      ),
    max_rows_per_run: z
      .int()
      .min(1)
      .max(ROWS_CEILING)
      .optional()
      .describe(
        'Guard: a run with more new rows than this waits as `held` until somebody approves or rejects it. Default: none.',
      ),
    max_deletes_per_run: z
      .int()
      .min(0)
      .max(ROWS_CEILING)
      .default(10_000)
      .describe(
        'Guard: a run that would delete more users or catalog items than this waits as `held` until somebody approves or ' +
          'rejects it.',
      ),
    digest_rows: z
      .int()
      .min(0)
      .max(500_000_000)
      .default(20_000_000)
      .describe(
        'Rows of instants read in parts whose digests are kept. Beyond it only their number is: a part whose number ' +
          'has changed goes again whole, and the run says so.',
      ),
    lookback: duration(
      'How far before the watermark each run looks for rows that turned up late: 24h at most, and not with `full_refresh`. ' +
        '`0s`: not at all.',
    )
      .refine((value) => (parseDuration(value) ?? 0) <= LOOKBACK_MOST_MS, 'look back 24h at most')
      .default('0s'),
    lookback_rows: z
      .int()
      .min(0)
      .max(100_000_000)
      .default(5_000_000)
      .describe(
        'Rows of the `lookback` stretch that are kept on record. Beyond it the newest that fit stay, and the run says so.',
      ),
    pause_after_failures: z
      .int()
      .min(0)
      .max(1_000)
      .default(5)
      .describe(
        'After this many failed runs in a row that only a person can mend, the schedule is paused until `cdi resume`; 0 means never.',
      ),
    verify: duration(
      'How often a run begins by holding the table against the ledger; rows behind the watermark that were never read are ' +
        'told to the contacts. `0s`: never, only by `cdi verify`.',
    ).default('0s'),
    keep_rows: duration(
      'How long staged pages are kept after the commit; more than 30 days count as 30. `0s`: not at all.',
    ).default('0s'),
  })
  .describe('Fine tuning.');

/** `Date` moves 31 February into March; only a time that comes back as written exists. */
function isInstant(text: string): boolean {
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 19) === text.slice(0, 19);
}

const START_FROM_FORM = 'write `beginning`, `now`, or a UTC time such as 2026-01-31T00:00:00Z';

const utcTimeSchema = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?Z$/, { error: START_FROM_FORM, abort: true })
  .refine(isInstant, 'there is no such date or time');

/** A time to go back to, in the form of `start_from`. */
export const rewindTimeSchema = z.union([z.literal('beginning'), utcTimeSchema]);

const startFromSchema = z
  .union([z.literal('beginning'), z.literal('now'), utcTimeSchema])
  .default('beginning')
  .describe(
    'Where the first run begins: `beginning` (every row), `now`, or a UTC time such as `2026-01-31T00:00:00Z`.',
  );

export const syncSchema = z
  .strictObject({
    kind: z.literal('sync').describe('Marks the file as a sync.'),
    name: nameSchema,
    description: z.string().max(500).optional().describe('What the sync is for; shown in the Temporal UI.'),
    workspace: nameSchema.describe('Name of the workspace that receives the rows.'),
    credential: nameSchema.describe('Name of the credential that reads the source.'),
    source: sourceSchema,
    data_type: z
      .enum(DATA_TYPES)
      .describe('What a row becomes in Braze. Cannot change after the first apply.'),
    catalog: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,250}$/, 'use 1 to 250 letters, digits, - and _')
      .optional()
      .describe('Name of the Braze catalog; required for, and only for, `data_type: catalog`.'),
    update_existing_only: z
      .boolean()
      .default(false)
      .describe('Update existing users only: rows of unknown users create no profile.'),
    schedule: scheduleSchema,
    start_from: startFromSchema,
    full_refresh: z
      .boolean()
      .default(false)
      .describe(
        'Read the table whole in each run and send the rows that changed, whatever their UPDATED_AT: for views whose ' +
          'UPDATED_AT is the current time. For attributes (without operators) and catalogs.',
      ),
    notifications: notificationsSchema,
    options: optionsSchema.prefault({}),
  })
  .refine((sync) => (sync.data_type === 'catalog') === (sync.catalog !== undefined), {
    path: ['catalog'],
    message: '`catalog` is required for data_type catalog, and not allowed for the others',
  })
  .refine(
    (sync) =>
      !sync.update_existing_only ||
      sync.data_type === 'attributes' ||
      sync.data_type === 'events' ||
      sync.data_type === 'purchases',
    {
      path: ['update_existing_only'],
      message: '`update_existing_only` is for attributes, events and purchases',
    },
  )
  .refine((sync) => !sync.full_refresh || sync.data_type === 'attributes' || sync.data_type === 'catalog', {
    path: ['full_refresh'],
    message:
      '`full_refresh` is for attributes and catalogs: events, purchases and deletes have no state to compare',
  })
  .refine((sync) => !sync.full_refresh || parseDuration(sync.options.lookback) === 0, {
    path: ['options', 'lookback'],
    message: '`lookback` has no meaning with `full_refresh`: every row is read in each run',
  })
  .describe('A declared flow from one table or view to one Braze workspace.');

export type WorkspaceDefinition = z.infer<typeof workspaceSchema>;
export type CredentialDefinition = z.infer<typeof credentialSchema>;
export type SyncDefinition = z.infer<typeof syncSchema>;
export type Definition = WorkspaceDefinition | CredentialDefinition | SyncDefinition;
