import { createTransport } from 'nodemailer';
import { CdiError } from '../model/errors.ts';
import type { NotificationChannel } from './channel.ts';

const SECOND = 1000;
const CONNECTION_TIMEOUT_MS = 10 * SECOND;
const SOCKET_TIMEOUT_MS = 20 * SECOND;
const SEND_TIMEOUT_MS = 60 * SECOND;

export interface MailChannelSettings {
  /**
   * The mail server: `smtps://` for TLS from the start, `smtp://` for STARTTLS where the server offers it
   * (`?requireTLS=true` insists), with user and password where it asks for them.
   */
  readonly smtpUrl: string;
  /** Sender, as `cdi@example.com` or `Braze CDI <cdi@example.com>`. */
  readonly from: string;
  /** Time for one mail from connecting to the last answer, in milliseconds. Default: one minute. */
  readonly timeoutMs?: number | undefined;
}

/**
 * A channel over SMTP. Each mail has a connection of its own: mails are rare, and a server would drop an idle one.
 *
 * @throws CdiError `mail_unavailable` when the URL is none of a mail server
 */
export function createMailChannel(settings: MailChannelSettings): NotificationChannel {
  const { smtpUrl, from, timeoutMs = SEND_TIMEOUT_MS } = settings;
  if (!/^smtps?:\/\/[^/]/i.test(smtpUrl)) {
    throw new CdiError(
      'mail_unavailable',
      'The address of the mail server is not a URL with smtp:// or smtps://.',
    );
  }
  const transport = createTransport({
    url: smtpUrl,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    dnsTimeout: CONNECTION_TIMEOUT_MS,
    greetingTimeout: CONNECTION_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });

  return {
    async send({ key, recipients, subject, text, html }) {
      try {
        const info = await transport.sendMail({
          from,
          to: recipients.map((address) => ({ name: '', address })),
          subject,
          text,
          html,
          messageId: messageId(key, from),
          // Keeps absence notes and other robots from answering.
          headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
          // A server that sends a little now and then never meets the timeouts of the socket.
          signal: AbortSignal.timeout(timeoutMs),
        });
        return { accepted: info.accepted.length, refused: info.rejected.length };
      } catch (error) {
        throw mailError(error);
      }
    },
    async check() {
      try {
        await transport.verify();
      } catch (error) {
        throw mailError(error);
      }
    },
    close: () => transport.close(),
  };
}

/** A mail that is sent again keeps its id, so that mail servers and clients can drop the second. */
function messageId(key: string, from: string): string {
  const domain = /@([^@\s<>]+)>?\s*$/.exec(from)?.[1] ?? 'localhost';
  return `<${key.replaceAll(/[^A-Za-z0-9._-]/g, '-')}@${domain}>`;
}

const FAILURES: Readonly<Record<string, string>> = {
  EAUTH: 'The mail server refused the login.',
  ENOAUTH: 'The mail server refused the login.',
  ETLS: 'No TLS connection to the mail server is possible.',
  EREQUIRETLS: 'No TLS connection to the mail server is possible.',
  EDNS: 'The name of the mail server cannot be resolved.',
  ECONNECTION: 'The mail server cannot be reached.',
  ESOCKET: 'The mail server cannot be reached.',
  ETIMEDOUT: 'The mail server did not answer in time.',
  EABORT: 'The mail server did not answer in time.',
  EENVELOPE: 'The mail server refused the sender or every recipient.',
  EMESSAGE: 'The mail server refused the mail.',
};

/**
 * Says what failed in words of our own and drops the error itself: what a mail server answers quotes addresses,
 * and Temporal would store it in clear. Its code tells the rest.
 */
function mailError(error: unknown): CdiError {
  const { code, originalCode, responseCode, response } = error as SmtpError;
  const message = FAILURES[code ?? ''] ?? 'The mail could not be sent.';
  const enhanced = /^\d{3}[ -](\d\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1];
  const answer = [responseCode, enhanced].filter((part) => part !== undefined).join(' ');
  return new CdiError('mail_unavailable', message, { vendorCode: answer || originalCode || code });
}

/** What nodemailer adds to an error, where it knows it. */
interface SmtpError {
  readonly code?: string;
  /** The system's code, such as ECONNREFUSED, where `code` names the step. */
  readonly originalCode?: string;
  /** The server's answer, with its number also apart. */
  readonly responseCode?: number;
  readonly response?: string;
}
