import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo, Server as Listener } from 'node:net';
import { text } from 'node:stream/consumers';
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

/** A mail as it was received. */
export interface CaughtMail {
  /** Address in the From header. */
  readonly from: string;
  /** Addresses that the mail was delivered to, from the envelope. */
  readonly to: readonly string[];
  readonly subject: string;
  /** The plain part; empty where there is none. */
  readonly text: string;
  /** The HTML part; empty where there is none. */
  readonly html: string;
}

/** accept: keeps every mail; refuse: answers 550 to every recipient; stall: takes connections and says nothing. */
export const MAIL_CATCHER_MODES = ['accept', 'refuse', 'stall'] as const;
export type MailCatcherMode = (typeof MAIL_CATCHER_MODES)[number];

export interface MailCatcherOptions {
  /** SMTP port. Default: any free port. */
  readonly port?: number;
  /** Port of the HTTP API. Default: any free port. */
  readonly apiPort?: number;
}

export interface RunningMailCatcher {
  /** `smtp://127.0.0.1:PORT` */
  readonly smtp: string;
  /** `http://127.0.0.1:PORT` */
  readonly api: string;
  readonly close: () => Promise<void>;
}

interface Mailbox {
  mails: CaughtMail[];
  mode: MailCatcherMode;
}

/** Long enough for a goodbye; a stalled client gets none. */
const CLOSE_TIMEOUT_MS = 100;

/** Starts an SMTP server that keeps what it gets, and an HTTP API to read it, both on the loopback interface. */
export async function startMailCatcher(options: MailCatcherOptions = {}): Promise<RunningMailCatcher> {
  const mailbox: Mailbox = { mails: [], mode: 'accept' };
  const smtp = createSmtpServer(mailbox);
  const api = createApi(mailbox);
  const smtpPort = await listen(smtp.server, () => smtp.listen(options.port ?? 0, '127.0.0.1'));
  const apiPort = await listen(api, () => api.listen(options.apiPort ?? 0, '127.0.0.1'));
  return {
    smtp: `smtp://127.0.0.1:${smtpPort}`,
    api: `http://127.0.0.1:${apiPort}`,
    close: async () => {
      const closed = Promise.all([
        new Promise<void>((resolve) => smtp.close(resolve)),
        new Promise((resolve) => api.close(resolve)),
      ]);
      api.closeAllConnections();
      await closed;
    },
  };
}

function createSmtpServer(mailbox: Mailbox): SMTPServer {
  const server = new SMTPServer({
    authOptional: true,
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    disableReverseLookup: true,
    closeTimeout: CLOSE_TIMEOUT_MS,
    onAuth: (auth, _session, done) => done(null, { user: auth.username }),
    onConnect: (_session, done) => {
      if (mailbox.mode !== 'stall') done();
    },
    onRcptTo: (_address, _session, done) => {
      done(
        mailbox.mode === 'refuse'
          ? Object.assign(new Error('mailbox unavailable'), { responseCode: 550 })
          : null,
      );
    },
    onData: (stream, session, done) => {
      simpleParser(stream).then(
        (mail) => {
          mailbox.mails.push({
            from: mail.from?.value[0]?.address ?? '',
            to: session.envelope.rcptTo.map(({ address }) => address),
            subject: mail.subject ?? '',
            text: mail.text ?? '',
            html: typeof mail.html === 'string' ? mail.html : '',
          });
          done();
        },
        (error: unknown) => done(error instanceof Error ? error : new Error('the mail cannot be read')),
      );
    },
  });
  // A client that breaks off is its own affair.
  server.on('error', () => undefined);
  return server;
}

function createApi(mailbox: Mailbox): Server {
  return createServer((request, response) => {
    const answer = (status: number, json: unknown): void => {
      response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(json));
    };
    text(request).then(
      (body) => {
        switch (`${request.method ?? ''} ${request.url ?? ''}`) {
          case 'GET /mails':
            answer(200, mailbox.mails);
            break;
          case 'POST /reset':
            mailbox.mails = [];
            mailbox.mode = 'accept';
            answer(200, { message: 'success' });
            break;
          case 'POST /mode': {
            const mode = readMode(body);
            if (mode) mailbox.mode = mode;
            answer(mode ? 200 : 400, { message: mode ? 'success' : 'mode is accept, refuse or stall' });
            break;
          }
          default:
            answer(404, { message: 'nothing under this address' });
        }
      },
      () => response.destroy(),
    );
  });
}

function readMode(body: string): MailCatcherMode | undefined {
  try {
    const wanted = JSON.parse(body) as { mode?: unknown } | null;
    return MAIL_CATCHER_MODES.find((mode) => mode === wanted?.mode);
  } catch {
    return undefined;
  }
}

async function listen(server: Listener, start: () => unknown): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', reject);
    start();
  });
  return (server.address() as AddressInfo).port;
}
