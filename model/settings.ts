/** The environment variables of the worker and the command line: the only place where their defaults are written. */
import { z } from 'zod';
import { parseDuration } from './duration.ts';
import { parseEgress } from './egress.ts';
import { DEFAULT_QUEUE_PREFIX } from './names.ts';
import { SERVER_ENCRYPTIONS, STAGING_URL, type StagingPlace, stagingPlace } from './staging-place.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
const SHORTEST_LEASE_MS = 1_000;
const SHORTEST_HEARTBEAT_TIMEOUT_MS = 1_000;

/** What the worker reads. The command line reads the same ledger, key, queue and UI settings. */
export const workerEnvironmentSchema = z.object({
  CDI_LEDGER_URL: z
    .string('write the URL of the ledger, postgresql://user:password@host:port/database')
    .regex(/^postgres(ql)?:\/\/./)
    .describe('PostgreSQL URL of the ledger. Required; `cdi up` sets it.'),
  CDI_KEY: z
    .string()
    .optional()
    .describe(
      'The encryption keys themselves, one per line as `id:base64`, newest first; wins over `CDI_KEY_FILE`. One of both ' +
        'is required.',
    ),
  CDI_KEY_FILE: z
    .string()
    .optional()
    .describe('Path of a file with the encryption keys. `cdi up` makes one.'),
  CDI_STAGING_URL: z
    .string('write the URL of the staging, file:///path or s3://bucket/prefix')
    .regex(STAGING_URL, 'write the URL of the staging, file:///path or s3://bucket/prefix')
    .describe(
      'Where pages lie between steps: `file:///path` of a local folder, for one machine, or `s3://bucket/prefix`, for any ' +
        'number of machines. For S3 the credentials are found as the AWS SDK finds them (`AWS_ACCESS_KEY_ID` and ' +
        '`AWS_SECRET_ACCESS_KEY`, shared files, web identity, instance role). Required; `cdi up` sets it.',
    ),
  CDI_S3_ENDPOINT: z
    .string()
    .regex(/^https?:\/\/./, 'write the URL of the storage, https://host')
    .optional()
    .describe('URL of a storage that speaks S3, for `s3://` staging. Without it: Amazon S3.'),
  CDI_S3_REGION: z
    .string()
    .optional()
    .describe(
      'Region of the bucket. Without it: `AWS_REGION` and the like; with `CDI_S3_ENDPOINT`, `us-east-1`.',
    ),
  CDI_S3_PATH_STYLE: z
    .enum(['true', 'false'], 'write true or false')
    .optional()
    .describe(
      'Whether the bucket stands in the path of a request (`true`) or in its host name (`false`). Without it: `true` ' +
        'where `CDI_S3_ENDPOINT` is set.',
    ),
  CDI_S3_ENCRYPTION: z
    .enum(SERVER_ENCRYPTIONS, `write ${SERVER_ENCRYPTIONS.join(' or ')}`)
    .optional()
    .describe(
      'Encryption by the storage, `AES256` or `aws:kms`, beside the one that every page has. Without it: as the bucket is ' +
        'set up.',
    ),
  CDI_S3_KMS_KEY: z.string().optional().describe('Id of the key for `CDI_S3_ENCRYPTION=aws:kms`.'),
  CDI_SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/./, 'write smtp://user:password@host:port, or smtps:// for TLS from the start')
    .optional()
    .describe('Mail server, `smtp://user:password@host:port` or `smtps://…`. Without it no mail goes out.'),
  CDI_MAIL_FROM: z.string().default('braze-cdi <cdi@localhost>').describe('Sender of the mails.'),
  CDI_QUEUE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,40}$/, 'use 1 to 41 letters, digits, - and _')
    .default(DEFAULT_QUEUE_PREFIX)
    .describe(
      'Begins the names of the task queues, and names the deployment of worker versioning. It does not set installations ' +
        'apart: give each a namespace of its own.',
    ),
  CDI_TEMPORAL_UI: z
    .string()
    .regex(/^https?:\/\/./, 'write the URL of the Temporal UI, https://host')
    .optional()
    .describe('Base URL of the Temporal UI, for links in mails and in the terminal.'),
  CDI_EGRESS_ADDRESSES: z
    .string()
    .refine(
      (text) => parseEgress(text) !== undefined,
      'write IP addresses or ranges such as 203.0.113.7 and 203.0.113.0/28, separated by commas',
    )
    .optional()
    .describe(
      'IP addresses or ranges from which this installation reaches the warehouses, separated by commas: `cdi setup` and ' +
        'alerts fill them into allow-lists.',
    ),
  CDI_ALLOWED_ADDRESSES: z
    .string()
    .refine(
      (text) => parseEgress(text) !== undefined,
      'write IP addresses or ranges such as 10.1.2.3 and 10.1.0.0/16, separated by commas',
    )
    .optional()
    .describe(
      'IP addresses or ranges that webhooks and endpoints of workspaces may lead to although they are not public, separated ' +
        'by commas. Default: none.',
    ),
  CDI_METRICS_ADDRESS: z
    .string()
    .regex(/^(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9.-]+):\d{1,5}$/, 'write HOST:PORT, such as 127.0.0.1:9464')
    .optional()
    .describe(
      'Where the worker answers Prometheus at `/metrics`, as HOST:PORT such as `127.0.0.1:9464`. Default: nowhere.',
    ),
  CDI_OTLP_URL: z
    .string()
    .regex(/^https?:\/\/./, 'write the URL of an OTLP receiver, such as http://localhost:4318')
    .optional()
    .describe(
      'OpenTelemetry receiver (OTLP over HTTP) that gets traces of runs and steps, such as `http://localhost:4318`. Default: none are made.',
    ),
  CDI_LOG_LEVEL: z.enum(LOG_LEVELS).default('info').describe("Least level of the worker's log lines."),
  CDI_BUILD_ID: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/, 'use 1 to 100 letters, digits, ., _ and -')
    .optional()
    .describe(
      "Version of this worker for Temporal's worker versioning: a run stays with the version that it began on. Without it, " +
        'any worker continues any run. See [deploying](deploy.md#upgrades).',
    ),
  CDI_LEASE_TTL: z
    .string()
    .refine((text) => (parseDuration(text) ?? 0) >= SHORTEST_LEASE_MS, 'write a duration of 1s or more')
    .default('10s')
    .describe(
      'How long an upload may go on without renewing its lease, and how long the next attempt waits for a dead one. ' +
        'At least `1s`.',
    ),
  CDI_HEARTBEAT_TIMEOUT: z
    .string()
    .refine(
      (text) => (parseDuration(text) ?? 0) >= SHORTEST_HEARTBEAT_TIMEOUT_MS,
      'write a duration of 1s or more',
    )
    .default('10s')
    .describe(
      'How long a step may be silent before Temporal gives it to another worker. The same for all workers; it is ' +
        'for the steps that begin after the change. At least `1s`.',
    ),
});

/** Settings that others than the worker read, for the docs. */
export const OTHER_SETTINGS: readonly { name: string; doc: string; default?: string }[] = [
  { name: 'CDI_HOME', doc: 'Folder of `cdi up`, as the option `--home`.', default: '.cdi' },
  {
    name: 'CDI_API_HOST',
    doc: 'Address that `cdi api` listens on, as the option `--host`.',
    default: '127.0.0.1',
  },
  { name: 'CDI_API_PORT', doc: 'Port that `cdi api` listens on, as the option `--port`.', default: '8240' },
  {
    name: 'CDI_API_TLS_CERT, CDI_API_TLS_KEY',
    doc: 'PEM files with the certificate of `cdi api`, followed by those of its issuers, and with its private key. Both or none.',
  },
  {
    name: 'CDI_API_PUBLIC_URL',
    doc: 'Where browsers reach the status page through a proxy, such as `https://cdi.example.com`; with https, its cookie is for https only.',
  },
  {
    name: 'TEMPORAL_CLI_PATH',
    doc: 'The `temporal` program that `cdi up` starts, instead of looking for one or fetching it.',
  },
  {
    name: 'TEMPORAL_ADDRESS',
    doc: 'host:port of Temporal. The command line takes it from a running `cdi up` where it is not set.',
    default: 'localhost:7233',
  },
  { name: 'TEMPORAL_NAMESPACE', doc: 'Namespace of Temporal.', default: 'default' },
  { name: 'TEMPORAL_API_KEY', doc: 'API key of Temporal Cloud; turns TLS on.' },
  { name: 'TEMPORAL_TLS', doc: '`true` for TLS without client certificates.' },
  {
    name: 'TEMPORAL_TLS_CLIENT_CERT_PATH, TEMPORAL_TLS_CLIENT_KEY_PATH',
    doc: 'Client certificate and key for mutual TLS, as PEM files.',
  },
  { name: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH', doc: 'PEM file with the issuer of the server certificate.' },
  { name: 'TEMPORAL_TLS_SERVER_NAME', doc: 'Name to expect in the server certificate.' },
  {
    name: 'TEMPORAL_CONFIG_FILE, TEMPORAL_PROFILE',
    doc: "Configuration file and profile, the same that Temporal's own command line reads.",
  },
];

export interface WorkerSettings {
  readonly ledgerUrl: string;
  /** The keys in clear, or where they are: at least one of both. */
  readonly key: string | undefined;
  readonly keyFile: string | undefined;
  readonly staging: StagingPlace;
  readonly smtpUrl: string | undefined;
  readonly mailFrom: string;
  readonly queuePrefix: string;
  /** Without a slash at its end. */
  readonly temporalUi: string | undefined;
  readonly egress: readonly string[];
  /** What may be reached although it is not public. */
  readonly allowedAddresses: readonly string[];
  /** HOST:PORT; undefined where nobody asks for metrics. */
  readonly metricsAddress: string | undefined;
  /** Without a slash at its end; undefined where no traces are made. */
  readonly otlpUrl: string | undefined;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  readonly leaseTtlMs: number;
  readonly heartbeatTimeoutMs: number;
  readonly buildId: string | undefined;
}

const watchEnvironmentSchema = workerEnvironmentSchema.pick({
  CDI_SMTP_URL: true,
  CDI_MAIL_FROM: true,
  CDI_TEMPORAL_UI: true,
  CDI_EGRESS_ADDRESSES: true,
  CDI_ALLOWED_ADDRESSES: true,
});

/** What telling people takes. */
export type WatchSettings = Pick<
  WorkerSettings,
  'smtpUrl' | 'mailFrom' | 'temporalUi' | 'egress' | 'allowedAddresses'
>;

/** Names the variables that are wrong, never their values. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'SettingsError';
    this.problems = problems;
  }
}

/**
 * @param env the environment; an empty variable counts as not set
 * @throws SettingsError with every problem at once
 */
export function parseWorkerSettings(env: Readonly<Record<string, string | undefined>>): WorkerSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = workerEnvironmentSchema.safeParse(given);
  const problems = (parsed.error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
  if (given['CDI_KEY'] === undefined && given['CDI_KEY_FILE'] === undefined) {
    problems.push('CDI_KEY_FILE: name the file with the encryption keys, or give them in CDI_KEY');
  }
  if (!parsed.success || problems.length > 0) throw new SettingsError(problems);
  const { data } = parsed;
  return {
    ledgerUrl: data.CDI_LEDGER_URL,
    key: data.CDI_KEY,
    keyFile: data.CDI_KEY_FILE,
    staging: stagingPlace(data.CDI_STAGING_URL, {
      endpoint: data.CDI_S3_ENDPOINT,
      region: data.CDI_S3_REGION,
      pathStyle: (data.CDI_S3_PATH_STYLE ?? String(data.CDI_S3_ENDPOINT !== undefined)) === 'true',
      encryption: data.CDI_S3_ENCRYPTION,
      kmsKey: data.CDI_S3_KMS_KEY,
    }),
    smtpUrl: data.CDI_SMTP_URL,
    mailFrom: data.CDI_MAIL_FROM,
    queuePrefix: data.CDI_QUEUE_PREFIX,
    temporalUi: data.CDI_TEMPORAL_UI?.replace(/\/$/, ''),
    egress: parseEgress(data.CDI_EGRESS_ADDRESSES ?? '') ?? [],
    allowedAddresses: parseEgress(data.CDI_ALLOWED_ADDRESSES ?? '') ?? [],
    metricsAddress: data.CDI_METRICS_ADDRESS,
    otlpUrl: data.CDI_OTLP_URL?.replace(/\/$/, ''),
    logLevel: data.CDI_LOG_LEVEL,
    leaseTtlMs: parseDuration(data.CDI_LEASE_TTL) ?? SHORTEST_LEASE_MS,
    heartbeatTimeoutMs: parseDuration(data.CDI_HEARTBEAT_TIMEOUT) ?? SHORTEST_HEARTBEAT_TIMEOUT_MS,
    buildId: data.CDI_BUILD_ID,
  };
}

/**
 * What the watch reads: the same variables as the worker.
 *
 * @param env the environment; an empty variable counts as not set
 * @throws SettingsError with every problem at once
 */
export function parseWatchSettings(env: Readonly<Record<string, string | undefined>>): WatchSettings {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = watchEnvironmentSchema.safeParse(given);
  if (!parsed.success)
    throw new SettingsError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`));
  const { data } = parsed;
  return {
    smtpUrl: data.CDI_SMTP_URL,
    mailFrom: data.CDI_MAIL_FROM,
    temporalUi: data.CDI_TEMPORAL_UI?.replace(/\/$/, ''),
    egress: parseEgress(data.CDI_EGRESS_ADDRESSES ?? '') ?? [],
    allowedAddresses: parseEgress(data.CDI_ALLOWED_ADDRESSES ?? '') ?? [],
  };
}
