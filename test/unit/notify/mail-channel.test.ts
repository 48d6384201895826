import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { afterEach, describe, expect, it } from 'vitest';
import { createMailChannel } from '../../../notify/mail-channel.ts';
import { renderMail } from '../../../notify/render-mail.ts';
import { CdiError, classify } from '../../../model/errors.ts';
import { failedReport } from './sample-report.ts';

const FROM = 'Braze CDI <cdi@example.com>';
const mail = renderMail('failure', failedReport, ['data@example.com', 'ops@example.com']);

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

interface Delivered {
  readonly mail: ParsedMail;
  readonly recipients: readonly string[];
  readonly secure: boolean;
}

/** A mail server that keeps what it gets. */
async function startMailServer(options: SMTPServerOptions = {}) {
  const delivered: Delivered[] = [];
  const server = new SMTPServer({
    authOptional: true,
    logger: false,
    onData(stream, session, callback) {
      simpleParser(stream)
        .then((parsed) => {
          const recipients = session.envelope.rcptTo.map(({ address }) => address);
          delivered.push({ mail: parsed, recipients, secure: session.secure });
          callback();
        })
        .catch(callback);
    },
    ...options,
  });
  // A client that distrusts the certificate breaks the connection off.
  server.on('error', () => undefined);
  const listener = server.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  closing.push(() => new Promise((resolve) => server.close(() => resolve(undefined))));
  return { delivered, port: (listener.address() as AddressInfo).port };
}

/** A server that does what it likes with each connection. */
async function startRawServer(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

async function failureOf(smtpUrl: string, timeoutMs?: number): Promise<CdiError> {
  const channel = createMailChannel({ smtpUrl, from: FROM, timeoutMs });
  const error: unknown = await channel.send(mail).catch((thrown: unknown) => thrown);
  channel.close();
  expect(error).toBeInstanceOf(CdiError);
  return error as CdiError;
}

const refuse = (responseCode: number, text: string) => Object.assign(new Error(text), { responseCode });

describe('delivery', () => {
  const plain: SMTPServerOptions = { disabledCommands: ['STARTTLS'] };

  it('reaches every contact, with text and HTML', async () => {
    const { delivered, port } = await startMailServer(plain);
    const channel = createMailChannel({ smtpUrl: `smtp://127.0.0.1:${port}`, from: FROM });
    expect(await channel.send(mail)).toEqual({ accepted: 2, refused: 0 });
    channel.close();

    expect(delivered).toHaveLength(1);
    const [first] = delivered;
    expect(first?.recipients).toEqual(['data@example.com', 'ops@example.com']);
    expect(first?.mail.from?.text).toBe('"Braze CDI" <cdi@example.com>');
    expect(first?.mail.subject).toBe(mail.subject);
    expect(first?.mail.text?.trim()).toBe(mail.text.trim());
    expect(first?.mail.html).toBe(mail.html);
    expect(first?.mail.messageId).toBe(`<${failedReport.run}.failure@example.com>`);
    expect(first?.mail.headers.get('auto-submitted')).toBe('auto-generated');
  });

  it('adds no header and no recipient from text that was made to', async () => {
    const { delivered, port } = await startMailServer(plain);
    const channel = createMailChannel({ smtpUrl: `smtp://127.0.0.1:${port}`, from: FROM });
    await channel.send({
      ...mail,
      key: 'run\r\nX-Injected: key',
      subject: 'failed\r\nBcc: thief@example.com\r\nX-Injected: subject',
    });

    expect(delivered[0]?.recipients).toEqual(['data@example.com', 'ops@example.com']);
    expect(delivered[0]?.mail.headers.has('x-injected')).toBe(false);
    expect(delivered[0]?.mail.headers.has('bcc')).toBe(false);
  });

  it('counts contacts that the server refused and still reaches the others', async () => {
    const { delivered, port } = await startMailServer({
      ...plain,
      onRcptTo: ({ address }, _session, callback) =>
        callback(address.startsWith('ops') ? refuse(550, 'unknown') : null),
    });
    const channel = createMailChannel({ smtpUrl: `smtp://127.0.0.1:${port}`, from: FROM });
    expect(await channel.send(mail)).toEqual({ accepted: 1, refused: 1 });
    expect(delivered[0]?.recipients).toEqual(['data@example.com']);
  });

  it('logs in with the user and password of the URL', async () => {
    const logins: unknown[] = [];
    const { delivered, port } = await startMailServer({
      ...plain,
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: ({ username, password }, _session, callback) => {
        logins.push([username, password]);
        callback(null, { user: username });
      },
    });
    await createMailChannel({ smtpUrl: `smtp://cdi:p%40ss@127.0.0.1:${port}`, from: FROM }).send(mail);
    expect(logins).toEqual([['cdi', 'p@ss']]);
    expect(delivered).toHaveLength(1);
  });

  it.each([
    { scheme: 'smtps', options: { secure: true } },
    { scheme: 'smtp', options: { secure: false } },
  ])('encrypts over $scheme and trusts no unknown certificate', async ({ scheme, options }) => {
    const { delivered, port } = await startMailServer(options);
    const smtpUrl = `${scheme}://127.0.0.1:${port}`;

    expect((await failureOf(smtpUrl)).vendorCode).toMatch(/CERT|ETLS/);
    expect(delivered).toHaveLength(0);

    await createMailChannel({ smtpUrl: `${smtpUrl}?tls.rejectUnauthorized=false`, from: FROM }).send(mail);
    expect(delivered[0]?.secure).toBe(true);
  });

  it('insists on TLS where the URL asks for it', async () => {
    const { delivered, port } = await startMailServer(plain);
    await failureOf(`smtp://127.0.0.1:${port}?requireTLS=true`);
    expect(delivered).toHaveLength(0);
  });
});

describe('a mail server that cannot be used', () => {
  it('is a transient error of the operator', async () => {
    const port = await startRawServer(() => undefined);
    await Promise.all(closing.splice(0).map((close) => close()));

    const error = await failureOf(`smtp://127.0.0.1:${port}`);
    expect(classify(error)).toMatchObject({
      type: 'mail_unavailable',
      retryable: true,
      audience: 'operator',
    });
    expect(error.message).toBe('The mail server cannot be reached.');
    expect(error.vendorCode).toBe('ECONNREFUSED');
  });

  it('refuses the login, and the error holds no password', async () => {
    const { port } = await startMailServer({
      disabledCommands: ['STARTTLS'],
      allowInsecureAuth: true,
      onAuth: (_auth, _session, callback) => callback(refuse(535, 'no such login: cdi secret-word')),
    });
    const error = await failureOf(`smtp://cdi:secret-word@127.0.0.1:${port}`);
    expect(error.message).toBe('The mail server refused the login.');
    expect(error.vendorCode).toMatch(/^535\b/);
    expect(JSON.stringify([error.message, error.vendorCode, error.cause])).not.toContain('secret-word');
  });

  it('refuses every contact, and the error names none', async () => {
    const { port } = await startMailServer({
      disabledCommands: ['STARTTLS'],
      onRcptTo: ({ address }, _session, callback) => callback(refuse(550, `5.1.1 <${address}> unknown`)),
    });
    const error = await failureOf(`smtp://127.0.0.1:${port}`);
    expect(error.message).toBe('The mail server refused the sender or every recipient.');
    expect(error.vendorCode).toBe('550 5.1.1');
    expect(error.cause).toBeUndefined();
  });

  it('refuses the mail itself', async () => {
    const { port } = await startMailServer({
      disabledCommands: ['STARTTLS'],
      onData: (stream, _session, callback) => {
        stream.resume().on('end', () => callback(refuse(554, 'looks like spam')));
      },
    });
    const error = await failureOf(`smtp://127.0.0.1:${port}`);
    expect(error.message).toBe('The mail server refused the mail.');
    expect(error.vendorCode).toMatch(/^554\b/);
  });

  it.each(['http://127.0.0.1', '127.0.0.1:25', 'smtp://', ''])('has no address: %j', (smtpUrl) => {
    expect(() => createMailChannel({ smtpUrl, from: FROM })).toThrow(CdiError);
  });
});

describe('a mail server that stalls', () => {
  const TOO_LATE = 'The mail server did not answer in time.';

  it('before its greeting', async () => {
    const port = await startRawServer(() => undefined);
    expect((await failureOf(`smtp://127.0.0.1:${port}`, 200)).message).toBe(TOO_LATE);
  });

  it('in the middle of a mail', async () => {
    const answers = (line: string): string => {
      if (line.startsWith('EHLO')) return '250 test\r\n';
      if (line.startsWith('DATA')) return '354 go on\r\n';
      return /^(MAIL|RCPT)/.test(line) ? '250 ok\r\n' : '';
    };
    const port = await startRawServer((socket) => {
      socket.write('220 test\r\n');
      socket.on('data', (chunk) => socket.write(chunk.toString().split('\r\n').map(answers).join('')));
    });
    expect((await failureOf(`smtp://127.0.0.1:${port}`, 500)).message).toBe(TOO_LATE);
  });

  it('and keeps the connection busy', async () => {
    const port = await startRawServer((socket) => {
      socket.write('220 test\r\n');
      const timer = setInterval(() => socket.write('250-still busy\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    expect((await failureOf(`smtp://127.0.0.1:${port}`, 300)).message).toBe(TOO_LATE);
  });

  it('by the timeouts of the connection, which a URL can change', async () => {
    const port = await startRawServer((socket) => socket.write('220 test\r\n'));
    const error = await failureOf(`smtp://127.0.0.1:${port}?socketTimeout=200`);
    expect(error.message).toBe(TOO_LATE);
    expect(error.vendorCode).not.toBe('EABORT');
  });
});
