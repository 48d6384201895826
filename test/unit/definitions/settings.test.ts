import { describe, expect, it } from 'vitest';
import { parseWorkerSettings, SettingsError } from '../../../model/settings.ts';

const REQUIRED = {
  CDI_LEDGER_URL: 'postgresql://cdi:hunter2@localhost:5433/cdi',
  CDI_KEY_FILE: '/var/lib/cdi/key',
  CDI_STAGING_URL: 'file:///var/lib/cdi/staging',
};

function problemsOf(env: Record<string, string | undefined>): readonly string[] {
  try {
    parseWorkerSettings(env);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
}

it('fills in defaults', () => {
  expect(parseWorkerSettings(REQUIRED)).toEqual({
    ledgerUrl: REQUIRED.CDI_LEDGER_URL,
    key: undefined,
    keyFile: REQUIRED.CDI_KEY_FILE,
    staging: { kind: 'folder', url: REQUIRED.CDI_STAGING_URL },
    smtpUrl: undefined,
    mailFrom: 'braze-cdi <cdi@localhost>',
    queuePrefix: 'cdi',
    temporalUi: undefined,
    egress: [],
    allowedAddresses: [],
    metricsAddress: undefined,
    otlpUrl: undefined,
    logLevel: 'info',
    leaseTtlMs: 10_000,
    heartbeatTimeoutMs: 10_000,
    buildId: undefined,
  });
});

it('takes what is set, and an empty variable as not set', () => {
  const env = {
    ...REQUIRED,
    CDI_LEASE_TTL: '3s',
    CDI_HEARTBEAT_TIMEOUT: '2s',
    CDI_LOG_LEVEL: 'debug',
    CDI_QUEUE_PREFIX: 'blue',
    CDI_SMTP_URL: '',
    CDI_TEMPORAL_UI: 'http://localhost:8233/',
    CDI_EGRESS_ADDRESSES: '203.0.113.7, 2001:db8::/32',
    PATH: '/bin',
  };
  expect(parseWorkerSettings(env)).toMatchObject({
    leaseTtlMs: 3_000,
    heartbeatTimeoutMs: 2_000,
    logLevel: 'debug',
    queuePrefix: 'blue',
    smtpUrl: undefined,
    temporalUi: 'http://localhost:8233',
    egress: ['203.0.113.7', '2001:db8::/32'],
  });
});

describe('problems', () => {
  it('are all told at once', () => {
    expect(problemsOf({}).map((line) => line.split(':')[0])).toEqual([
      'CDI_LEDGER_URL',
      'CDI_STAGING_URL',
      'CDI_KEY_FILE',
    ]);
  });

  it.each([
    ['CDI_LEDGER_URL', 'mysql://root:hunter2@localhost'],
    ['CDI_STAGING_URL', '/var/hunter2'],
    ['CDI_SMTP_URL', 'http://hunter2'],
    ['CDI_QUEUE_PREFIX', 'hunter2 '],
    ['CDI_TEMPORAL_UI', 'hunter2:8233'],
    ['CDI_LOG_LEVEL', 'hunter2'],
    ['CDI_EGRESS_ADDRESSES', '203.0.113.7,hunter2'],
    ['CDI_LEASE_TTL', '10'],
    ['CDI_LEASE_TTL', '900ms'],
    ['CDI_HEARTBEAT_TIMEOUT', '900ms'],
  ])('%s=%s is named, but not shown', (name, value) => {
    const problems = problemsOf({ ...REQUIRED, [name]: value });
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
    expect(problems.join()).not.toContain('hunter2');
  });

  it('a key given directly is enough', () => {
    expect(problemsOf({ ...REQUIRED, CDI_KEY_FILE: '', CDI_KEY: 'k1:AAAA' })).toEqual([]);
  });
});
