/** What `cdi doctor` makes of what it finds. Pure: each rule takes what was found and says what to do about it. */
import type { PermissionProbe, WorkerInspection, WorkspaceInspection } from './inspection.ts';

export const FINDING_LEVELS = ['ok', 'warning', 'error'] as const;
export type FindingLevel = (typeof FINDING_LEVELS)[number];

export interface Finding {
  /** What was looked at, such as `ledger`. */
  readonly check: string;
  readonly level: FindingLevel;
  readonly message: string;
  /** What to do; undefined where nothing is to be done. */
  readonly action?: string;
}

const OLDEST_NODE = 24;
/** Schedules, leases and times of rows tell each other's seconds. */
const CLOCK_WARNING_MS = 2_000;
const CLOCK_ERROR_MS = 30_000;
const STAGING_WARNING_BYTES = 5_000_000_000;
const STAGING_ERROR_BYTES = 500_000_000;

const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message });
const warning = (check: string, message: string, action: string): Finding => ({
  check,
  level: 'warning',
  message,
  action,
});
const error = (check: string, message: string, action: string): Finding => ({
  check,
  level: 'error',
  message,
  action,
});

export function nodeFinding(check: string, version: string): Finding {
  const major = Number(version.split('.')[0]);
  return major >= OLDEST_NODE
    ? ok(check, `Node ${version}`)
    : error(
        check,
        `Node ${version} is too old.`,
        `Run it with Node ${OLDEST_NODE} or newer; \`npm ci\` brings one.`,
      );
}

/** @param ahead milliseconds by which the clock of this side is ahead */
export function clockFinding(check: string, ahead: number): Finding {
  const off = Math.abs(ahead);
  const words = `${(off / 1_000).toFixed(1)} s ${ahead < 0 ? 'behind' : 'ahead'}`;
  if (off < CLOCK_WARNING_MS) return ok(check, `The clocks agree: ${words}.`);
  const action = 'Let NTP keep the clocks of all machines (chrony, systemd-timesyncd).';
  return off < CLOCK_ERROR_MS
    ? warning(check, `The clock is ${words}.`, action)
    : error(check, `The clock is ${words}.`, action);
}

export function migrationsFinding({
  pending,
  unknown,
}: {
  readonly pending: readonly string[];
  readonly unknown: readonly string[];
}): Finding {
  if (unknown.length > 0)
    return error(
      'migrations',
      `A newer version has changed the ledger: ${unknown.join(', ')}.`,
      'Install that version here, too; there is no way back.',
    );
  return pending.length > 0
    ? error(
        'migrations',
        `Not applied: ${pending.join(', ')}.`,
        'Start a worker of this version, or run `cdi apply`.',
      )
    : ok('migrations', 'All are applied.');
}

/** @param values how many sealed values lie under each key @param known ids at hand, newest first */
export function keyFindings(values: ReadonlyMap<string, number>, known: readonly string[]): Finding[] {
  const [current] = known;
  const lost = [...values].filter(([key]) => !known.includes(key));
  const former = [...values].filter(([key]) => key !== current && known.includes(key));
  const findings: Finding[] = [];
  for (const [key, count] of lost) {
    findings.push(
      error(
        'encryption key',
        `${count} values of the ledger are under the key ${key}, which is not at hand.`,
        'Put it back into the key file, or apply the secrets again.',
      ),
    );
  }
  for (const [key, count] of former) {
    findings.push(
      warning(
        'encryption key',
        `${count} values are under the former key ${key}.`,
        'Run `cdi key rotate --no-new-key`.',
      ),
    );
  }
  return findings.length > 0 ? findings : [ok('encryption key', `Everything is under the key ${current}.`)];
}

export function searchAttributesFinding(wanted: readonly string[], present: readonly string[]): Finding {
  const missing = wanted.filter((name) => !present.includes(name));
  return missing.length === 0
    ? ok('search attributes', 'All are registered.')
    : error(
        'search attributes',
        `Not registered: ${missing.join(', ')}.`,
        'Run `cdi apply` with the right to add them, or add them as docs/configuration.md says.',
      );
}

/** @param here ids of the keys of this command line @param version of this command line */
export function workerFindings(
  worker: WorkerInspection,
  version: string,
  here: readonly string[],
): Finding[] {
  const { staging, smtp, egress } = worker;
  return [
    nodeFinding('worker', worker.node),
    worker.version === version
      ? ok('versions', `Worker and command line are ${version}.`)
      : error(
          'versions',
          `The worker is ${worker.version}, this command line ${version}.`,
          'Bring both to the same version.',
        ),
    worker.keys[0] === here[0]
      ? ok('worker keys', `The worker encrypts under ${worker.keys[0]}, too.`)
      : error(
          'worker keys',
          `The worker encrypts under ${worker.keys[0]}, this command line under ${here[0]}.`,
          'Give both the same key file.',
        ),
    clockFinding('clock of the ledger', worker.ledgerClockMs),
    stagingFinding(staging),
    smtp === 'reachable'
      ? ok('mail', 'The mail server lets the worker in.')
      : smtp === 'none'
        ? warning(
            'mail',
            'No mail server is configured: nobody is told of errors.',
            'Set CDI_SMTP_URL for the worker.',
          )
        : error('mail', smtp.problem, 'Check CDI_SMTP_URL: host, port, user, password, smtp:// or smtps://.'),
    egress.length > 0
      ? ok('egress', egress.join(', '))
      : warning(
          'egress',
          'The addresses of this installation are not known.',
          'Set CDI_EGRESS_ADDRESSES, so that set-up guides and alerts fill them into allow-lists.',
        ),
    ...worker.workspaces.flatMap(workspaceFindings),
  ];
}

function stagingFinding({ writable, freeBytes }: WorkerInspection['staging']): Finding {
  const action = 'Check the folder behind CDI_STAGING_URL: its rights, and its space.';
  if (!writable) return error('staging', 'The worker cannot write there and read it back.', action);
  if (freeBytes === undefined) return ok('staging', 'The worker can write there.');
  const free = `${(freeBytes / 1_000_000_000).toFixed(1)} GB are free.`;
  if (freeBytes < STAGING_ERROR_BYTES) return error('staging', free, action);
  return freeBytes < STAGING_WARNING_BYTES ? warning('staging', free, action) : ok('staging', free);
}

function workspaceFindings({ name, endpoint, clockMs, probes }: WorkspaceInspection): Finding[] {
  const check = `workspace ${name}`;
  const refused = probes.find(({ answer }) => answer === 'key_refused' || answer === 'no_answer');
  if (refused?.answer === 'key_refused')
    return [
      error(
        check,
        `${endpoint} refuses the API key.`,
        'Check the key, and that the endpoint is the one of its instance; both are in the workspace file.',
      ),
    ];
  if (refused)
    return [
      error(
        check,
        `${endpoint} does not answer.`,
        'Check the endpoint in the workspace file, and that this machine may reach it (proxy, firewall, DNS).',
      ),
    ];
  return [
    ...probes.map((probe) => probeFinding(check, probe)),
    ...(clockMs === undefined ? [] : [clockFinding(`clock of ${name}`, clockMs)]),
  ];
}

function probeFinding(check: string, { permission, catalog, answer, status }: PermissionProbe): Finding {
  const of = catalog === undefined ? '' : ` for the catalog ${catalog}`;
  switch (answer) {
    case 'granted':
      return ok(check, `The key has ${permission}${of}.`);
    case 'missing':
      return error(
        check,
        `The key lacks ${permission}.`,
        `Give the API key the permission ${permission} in Braze.`,
      );
    case 'not_found':
      return catalog === undefined
        ? error(check, 'Braze does not know the address.', 'Check the endpoint in the workspace file.')
        : error(
            check,
            `There is no catalog ${catalog}.`,
            'Create it with its fields in Braze, or correct `catalog`.',
          );
    default:
      return warning(
        check,
        `Whether the key has ${permission}${of} is not clear: Braze answers ${status ?? 'nothing'}.`,
        'Try again later.',
      );
  }
}
