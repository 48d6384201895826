/** Entry point of the worker process. */
import { hostname } from 'node:os';
import { pino } from 'pino';
import { crashOf } from '../model/crash.ts';
import { parseWorkerSettings } from '../model/settings.ts';
import { followKeyFile } from '../store/key-file.ts';
import { parseKeyring } from '../store/keyring.ts';
import { runWorkers } from './run-workers.ts';

const settings = parseWorkerSettings(process.env);
const log = pino({
  level: settings.logLevel,
  base: { pid: process.pid, host: hostname() },
  // Nothing below these names is ever meant to be logged; should something slip through, it is cut here.
  redact: {
    paths: [
      '*.payload',
      '*.apiKey',
      '*.password',
      '*.secrets',
      '*.authorization',
      'payload',
      'apiKey',
      'password',
    ],
    remove: true,
  },
});

// Node would print the message, and the line of code with it.
process.on('uncaughtException', (error) => {
  log.fatal(crashOf(error), 'worker crashed');
  process.exit(1);
});

try {
  const keyring =
    settings.key === undefined ? followKeyFile(settings.keyFile ?? '') : parseKeyring(settings.key);
  await runWorkers(
    {
      ledgerUrl: settings.ledgerUrl,
      keyring,
      staging: settings.staging,
      smtpUrl: settings.smtpUrl,
      mailFrom: settings.mailFrom,
      queuePrefix: settings.queuePrefix,
      temporalUi: settings.temporalUi,
      egress: settings.egress,
      allowedAddresses: settings.allowedAddresses,
      metricsAddress: settings.metricsAddress,
      otlpUrl: settings.otlpUrl,
      leaseTtlMs: settings.leaseTtlMs,
      heartbeatTimeoutMs: settings.heartbeatTimeoutMs,
      buildId: settings.buildId,
    },
    log,
    () => log.info({ queues: settings.queuePrefix }, 'worker ready'),
  );
  log.info('worker stopped');
} catch (error) {
  log.fatal({ ...crashOf(error), message: error instanceof Error ? error.message : '' }, 'worker ended');
  process.exitCode = 1;
}
// An activity that ignores its cancellation must not keep the process.
process.exit();
