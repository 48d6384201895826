/** `cdi api`: the process that serves the HTTP API and the status page until it is told to stop. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { pino } from 'pino';
import { crashOf } from '../model/crash.ts';
import { CommandError, EXIT } from '../client/command-error.ts';
import { Session, type SessionSettings } from '../client/session.ts';
import { serveApi } from './serve-api.ts';

export interface ApiOptions {
  readonly host: string;
  readonly port: number;
  /** Paths of PEM files: both or none. */
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  /** URL by which browsers reach the status page, where a proxy stands before it. */
  readonly publicUrl: string | undefined;
  readonly logLevel: string;
}

const LEDGER_CONNECTIONS = 10;

/** @throws CommandError `usage` where an option is wrong */
export async function runApi(settings: SessionSettings, options: ApiOptions): Promise<void> {
  const { host, port } = options;
  const tls = await tlsOf(options);
  const publicUrl = publicUrlOf(options.publicUrl);
  const log = pino({ level: options.logLevel, base: { pid: process.pid, host: hostname() } });
  // Node would print the message, and the line of code with it.
  process.on('uncaughtException', (error) => {
    log.fatal(crashOf(error), 'api crashed');
    process.exit(1);
  });
  const session = new Session({ ...settings, ledgerConnections: LEDGER_CONNECTIONS });
  try {
    await session.ledger.migrate();
    const api = await serveApi({ session, log, publicUrl }, { host, port, tls });
    if (!tls && !publicUrl && !isLoopback(host))
      log.warn({ host }, 'keys travel in clear: give a certificate, or a public URL with https');
    const stop = AbortSignal.any([signalled('SIGTERM'), signalled('SIGINT')]);
    log.info({ url: api.url }, 'api ready');
    if (!stop.aborted) await once(stop, 'abort');
    await api.close();
    log.info('api stopped');
  } finally {
    await session.close();
  }
}

async function tlsOf({ tlsCert, tlsKey }: ApiOptions): Promise<{ cert: string; key: string } | undefined> {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new CommandError(EXIT.usage, 'TLS needs both: --tls-cert and --tls-key.');
  return { cert: await pemOf('--tls-cert', tlsCert), key: await pemOf('--tls-key', tlsKey) };
}

async function pemOf(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new CommandError(EXIT.usage, `${option}: ${path} cannot be read (${code ?? 'unknown'}).`);
  }
}

function publicUrlOf(text: string | undefined): URL | undefined {
  if (text === undefined) return undefined;
  if (/^https?:\/\/[^/]+\/?$/.test(text) && URL.canParse(text)) return new URL(text);
  throw new CommandError(EXIT.usage, '--public-url: write scheme and host, such as https://cdi.example.com.');
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host.startsWith('127.');

function signalled(signal: NodeJS.Signals): AbortSignal {
  const controller = new AbortController();
  process.once(signal, () => controller.abort());
  return controller.signal;
}
