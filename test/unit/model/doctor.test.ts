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
  [201, 'granted'],
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
