import { describe, expect, it, test } from 'vitest';
import {
  clockFinding,
  keyFindings,
  migrationsFinding,
  nodeFinding,
  searchAttributesFinding,
  workerFindings,
} from '../../../model/doctor.ts';
import { permissionAnswer, type PermissionProbe, type WorkerInspection } from '../../../model/inspection.ts';

const HEALTHY: WorkerInspection = {
  node: '24.1.0',
  version: '1.0.0',
  keys: ['k1'],
  ledgerClockMs: 10,
  staging: { writable: true, freeBytes: 10_000_000_000 },
  smtp: 'reachable',
  workspaces: [
    {
      name: 'main',
      endpoint: 'https://rest.iad-01.braze.com',
      clockMs: -200,
      probes: [{ permission: 'users.track', catalog: undefined, answer: 'granted', status: 400 }],
    },
  ],
  egress: ['203.0.113.7'],
};

const levels = (worker: Partial<WorkerInspection>): string[] =>
  workerFindings({ ...HEALTHY, ...worker }, '1.0.0', ['k1'])
    .filter(({ level }) => level !== 'ok')
    .map(({ check, level }) => `${check}: ${level}`);

const probed = (answer: PermissionProbe['answer'], catalog?: string): string[] => {
  const [workspace] = HEALTHY.workspaces;
  if (!workspace) throw new Error('There is a workspace.');
  return workerFindings(
    {
      ...HEALTHY,
      workspaces: [{ ...workspace, probes: [{ permission: 'p', catalog, answer, status: undefined }] }],
    },
    '1.0.0',
    ['k1'],
  )
    .filter(({ level }) => level !== 'ok')
    .map(({ level, message }) => `${level} ${message}`);
};

test('a healthy worker has no finding that asks for something', () => {
  expect(levels({})).toEqual([]);
});

test('every finding that asks for something says what to do', () => {
  const findings = workerFindings(
    {
      ...HEALTHY,
      node: '20.0.0',
      version: '0.9.0',
      keys: ['k2'],
      ledgerClockMs: 60_000,
      staging: { writable: false, freeBytes: 1 },
      smtp: { problem: 'The mail server refused the login.' },
      egress: [],
    },
    '1.0.0',
    ['k1'],
  );
  expect(findings.filter(({ level }) => level === 'error').map(({ check }) => check)).toEqual([
    'worker',
    'versions',
    'worker keys',
    'clock of the ledger',
    'staging',
    'mail',
  ]);
  for (const { level, action } of findings) expect(action === undefined).toBe(level === 'ok');
});

describe('staging', () => {
  it.each([
    [6_000_000_000, []],
    [4_000_000_000, ['staging: warning']],
    [400_000_000, ['staging: error']],
    [undefined, []],
  ])('with %s bytes left', (freeBytes, expected) => {
    expect(levels({ staging: { writable: true, freeBytes } })).toEqual(expected);
  });
});

test('no mail server is a warning', () => {
  expect(levels({ smtp: 'none' })).toEqual(['mail: warning']);
});

describe('a workspace', () => {
  it.each([
    ['granted', undefined, []],
    ['missing', undefined, ['error The key lacks p.']],
    ['key_refused', undefined, ['error https://rest.iad-01.braze.com refuses the API key.']],
    ['no_answer', undefined, ['error https://rest.iad-01.braze.com does not answer.']],
    ['not_found', undefined, ['error Braze does not know the address.']],
    ['not_found', 'shoes', ['error There is no catalog shoes.']],
    ['unclear', undefined, ['warning Whether the key has p is not clear: Braze answers nothing.']],
  ] as const)('%s %s', (answer, catalog, expected) => {
    expect(probed(answer, catalog)).toEqual(expected);
  });
});

test.each([
  [400, 'granted'],
  [200, 'granted'],
  [201, 'granted'],
  [299, 'granted'],
  [300, 'unclear'],
  [199, 'unclear'],
  [401, 'key_refused'],
  [403, 'missing'],
  [404, 'not_found'],
  [429, 'unclear'],
  [503, 'unclear'],
])('status %i means %s', (status, answer) => {
  expect(permissionAnswer(status)).toBe(answer);
});

test.each([
  [0, 'ok'],
  [1_999, 'ok'],
  [-2_000, 'warning'],
  [29_999, 'warning'],
  [-30_000, 'error'],
])('a clock that is %i ms ahead: %s', (ahead, level) => {
  expect(clockFinding('clock', ahead).level).toBe(level);
});

test('what of the ledger is not applied, or not known', () => {
  expect(migrationsFinding({ pending: [], unknown: [] }).level).toBe('ok');
  expect(migrationsFinding({ pending: ['0002'], unknown: [] })).toMatchObject({ level: 'error' });
  expect(migrationsFinding({ pending: [], unknown: ['0009'] }).message).toContain('newer version');
});

test('keys: all under the first, some under a former one, some under one that is lost', () => {
  expect(keyFindings(new Map([['new', 3]]), ['new', 'old'])).toMatchObject([{ level: 'ok' }]);
  expect(keyFindings(new Map([['old', 3]]), ['new', 'old'])).toMatchObject([{ level: 'warning' }]);
  expect(keyFindings(new Map([['gone', 3]]), ['new', 'old'])).toMatchObject([{ level: 'error' }]);
});

test('search attributes that are missing are named', () => {
  expect(searchAttributesFinding(['A', 'B'], ['A', 'B', 'C']).level).toBe('ok');
  expect(searchAttributesFinding(['A', 'B'], ['A']).message).toBe('Not registered: B.');
});

test.each([
  ['24.0.0', 'ok'],
  ['26.1.0', 'ok'],
  ['22.9.0', 'error'],
])('node %s: %s', (version, level) => {
  expect(nodeFinding('worker', version).level).toBe(level);
});

const findingsOf = (worker: Partial<WorkerInspection>, check: string): unknown[] =>
  workerFindings({ ...HEALTHY, ...worker }, '1.0.0', ['k1']).filter((finding) => finding.check === check);
const workspaceWith = (
  fields: Partial<WorkerInspection['workspaces'][number]>,
): Partial<WorkerInspection> => ({
  workspaces: HEALTHY.workspaces.map((workspace) => ({ ...workspace, ...fields })),
});
const probe = (answer: PermissionProbe['answer'], catalog?: string): Partial<WorkerInspection> =>
  workspaceWith({ probes: [{ permission: 'p', catalog, answer, status: 418 }] });

const CLOCKS = 'Let NTP keep the clocks of all machines (chrony, systemd-timesyncd).';
const STAGING = 'Check the folder behind CDI_STAGING_URL: its rights, and its space.';

test('all that is well is said, too', () => {
  expect(workerFindings(HEALTHY, '1.0.0', ['k1'])).toEqual(
    [
      ['worker', 'Node 24.1.0'],
      ['versions', 'Worker and command line are 1.0.0.'],
      ['worker keys', 'The worker encrypts under k1, too.'],
      ['clock of the ledger', 'The clocks agree: 0.0 s ahead.'],
      ['staging', '10.0 GB are free.'],
      ['mail', 'The mail server lets the worker in.'],
      ['egress', '203.0.113.7'],
      ['workspace main', 'The key has users.track.'],
      ['clock of main', 'The clocks agree: 0.2 s behind.'],
    ].map(([check, message]) => ({ check, level: 'ok', message })),
  );
});

test.each<[Partial<WorkerInspection>, string, object]>([
  [
    { node: '20.0.0' },
    'worker',
    {
      level: 'error',
      message: 'Node 20.0.0 is too old.',
      action: 'Run it with Node 24 or newer; `npm ci` brings one.',
    },
  ],
  [
    { version: '0.9.0' },
    'versions',
    {
      level: 'error',
      message: 'The worker is 0.9.0, this command line 1.0.0.',
      action: 'Bring both to the same version.',
    },
  ],
  [
    { keys: ['k2', 'k1'] },
    'worker keys',
    {
      level: 'error',
      message: 'The worker encrypts under k2, this command line under k1.',
      action: 'Give both the same key file.',
    },
  ],
  [
    { ledgerClockMs: 2_500 },
    'clock of the ledger',
    { level: 'warning', message: 'The clock is 2.5 s ahead.', action: CLOCKS },
  ],
  [
    { ledgerClockMs: -31_000 },
    'clock of the ledger',
    { level: 'error', message: 'The clock is 31.0 s behind.', action: CLOCKS },
  ],
  [{ ledgerClockMs: 0 }, 'clock of the ledger', { level: 'ok', message: 'The clocks agree: 0.0 s ahead.' }],
  [
    { staging: { writable: false, freeBytes: 10_000_000_000 } },
    'staging',
    { level: 'error', message: 'The worker cannot write there and read it back.', action: STAGING },
  ],
  [
    { staging: { writable: true, freeBytes: undefined } },
    'staging',
    { level: 'ok', message: 'The worker can write there.' },
  ],
  [
    { staging: { writable: true, freeBytes: 499_999_999 } },
    'staging',
    { level: 'error', message: '0.5 GB are free.', action: STAGING },
  ],
  [
    { staging: { writable: true, freeBytes: 500_000_000 } },
    'staging',
    { level: 'warning', message: '0.5 GB are free.', action: STAGING },
  ],
  [
    { staging: { writable: true, freeBytes: 5_000_000_000 } },
    'staging',
    { level: 'ok', message: '5.0 GB are free.' },
  ],
  [
    { smtp: 'none' },
    'mail',
    {
      level: 'warning',
      message: 'No mail server is configured: nobody is told of errors.',
      action: 'Set CDI_SMTP_URL for the worker.',
    },
  ],
  [
    { smtp: { problem: 'It refused the login.' } },
    'mail',
    {
      level: 'error',
      message: 'It refused the login.',
      action: 'Check CDI_SMTP_URL: host, port, user, password, smtp:// or smtps://.',
    },
  ],
  [
    { egress: [] },
    'egress',
    {
      level: 'warning',
      message: 'The addresses of this installation are not known.',
      action: 'Set CDI_EGRESS_ADDRESSES, so that set-up guides and alerts fill them into allow-lists.',
    },
  ],
  [
    { egress: ['203.0.113.7', '203.0.113.8'] },
    'egress',
    { level: 'ok', message: '203.0.113.7, 203.0.113.8' },
  ],
  [
    probe('key_refused'),
    'workspace main',
    {
      level: 'error',
      message: 'https://rest.iad-01.braze.com refuses the API key.',
      action:
        'Check the key, and that the endpoint is the one of its instance; both are in the workspace file.',
    },
  ],
  [
    probe('no_answer'),
    'workspace main',
    {
      level: 'error',
      message: 'https://rest.iad-01.braze.com does not answer.',
      action:
        'Check the endpoint in the workspace file, and that this machine may reach it (proxy, firewall, DNS).',
    },
  ],
  [
    probe('granted', 'shoes'),
    'workspace main',
    { level: 'ok', message: 'The key has p for the catalog shoes.' },
  ],
  [
    probe('missing'),
    'workspace main',
    {
      level: 'error',
      message: 'The key lacks p.',
      action: 'Give the API key the permission p in Braze.',
    },
  ],
  [
    probe('not_found'),
    'workspace main',
    {
      level: 'error',
      message: 'Braze does not know the address.',
      action: 'Check the endpoint in the workspace file.',
    },
  ],
  [
    probe('not_found', 'shoes'),
    'workspace main',
    {
      level: 'error',
      message: 'There is no catalog shoes.',
      action: 'Create it with its fields in Braze, or correct `catalog`.',
    },
  ],
  [
    probe('unclear', 'shoes'),
    'workspace main',
    {
      level: 'warning',
      message: 'Whether the key has p for the catalog shoes is not clear: Braze answers 418.',
      action: 'Try again later.',
    },
  ],
])('with %j, %s says what is wrong and what to do', (worker, check, finding) => {
  expect(findingsOf(worker, check)).toEqual([{ check, ...finding }]);
});

test('the clock of a workspace is judged where Braze told the time, and only there', () => {
  expect(findingsOf(workspaceWith({ clockMs: undefined }), 'clock of main')).toEqual([]);
  expect(findingsOf(workspaceWith({ clockMs: 40_000 }), 'clock of main')).toMatchObject([{ level: 'error' }]);
});

test('what is said of the ledger, its keys and its search attributes', () => {
  expect([
    migrationsFinding({ pending: [], unknown: [] }),
    migrationsFinding({ pending: ['0002', '0003'], unknown: [] }),
    migrationsFinding({ pending: ['0002'], unknown: ['0009', '0010'] }),
  ]).toEqual([
    { check: 'migrations', level: 'ok', message: 'All are applied.' },
    {
      check: 'migrations',
      level: 'error',
      message: 'Not applied: 0002, 0003.',
      action: 'Start a worker of this version, or run `cdi apply`.',
    },
    {
      check: 'migrations',
      level: 'error',
      message: 'A newer version has changed the ledger: 0009, 0010.',
      action: 'Install that version here, too; there is no way back.',
    },
  ]);
  const check = 'encryption key';
  expect(keyFindings(new Map([['new', 3]]), ['new', 'old'])).toEqual([
    { check, level: 'ok', message: 'Everything is under the key new.' },
  ]);
  const values = new Map([
    ['new', 3],
    ['old', 2],
    ['gone', 1],
  ]);
  expect(keyFindings(values, ['new', 'old'])).toEqual([
    {
      check,
      level: 'error',
      message: '1 values of the ledger are under the key gone, which is not at hand.',
      action: 'Put it back into the key file, or apply the secrets again.',
    },
    {
      check,
      level: 'warning',
      message: '2 values are under the former key old.',
      action: 'Run `cdi key rotate --no-new-key`.',
    },
  ]);
  expect([searchAttributesFinding([], []), searchAttributesFinding(['A', 'B', 'C'], ['B'])]).toEqual([
    { check: 'search attributes', level: 'ok', message: 'All are registered.' },
    {
      check: 'search attributes',
      level: 'error',
      message: 'Not registered: A, C.',
      action: 'Run `cdi apply` with the right to add them, or add them as docs/configuration.md says.',
    },
  ]);
});
