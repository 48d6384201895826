/** An SSH tunnel to a cluster that is not publicly accessible: each connection is a channel, and no local port is opened. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import type { ClientChannel, Client } from 'ssh2';
import type { RedshiftCredential } from '../../../model/credentials/redshift.ts';
import type { Secrets } from '../../../store/definitions.ts';
import { classifyTunnel, hostKeyMismatch } from './tunnel-errors.ts';

/** A dead host is noticed after three that go unanswered. */
const KEEPALIVE_MS = 15_000;

export interface Tunnel {
  /**
   * @param signal ends the wait for the SSH host
   * @returns a channel to a host and port as the SSH host sees them, in the form of a socket
   * @throws CdiError `warehouse_unreachable`
   */
  reach(host: string, port: number, signal: AbortSignal): Promise<Socket>;
  /** Ends all its channels. */
  close(): void;
}

/**
 * @param ms how long the SSH host may take to let us in
 * @throws CdiError `warehouse_unreachable`, `host_unknown`, `credentials_invalid`; `tls_failed` where the host is not the one
 * whose key is pinned; the signal's reason
 */
export async function openTunnel(
  ssh: NonNullable<RedshiftCredential['ssh']>,
  secrets: Secrets,
  signal: AbortSignal,
  ms: number,
): Promise<Tunnel> {
  const { default: ssh2 } = await import('ssh2');
  const client = new ssh2.Client();
  // One error may follow another, and what breaks later is seen by the channels.
  client.on('error', () => undefined);
  let isStranger = false;
  const onAbort = (): void => void client.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await ready(client, () => {
      client.connect({
        host: ssh.host,
        port: ssh.port,
        username: ssh.user,
        privateKey: secrets['ssh.private_key'] ?? '',
        ...(secrets['ssh.passphrase'] === undefined ? {} : { passphrase: secrets['ssh.passphrase'] }),
        hostVerifier: (key: Buffer) => {
          isStranger = fingerprint(key) !== ssh.host_key.replace(/=$/, '');
          return !isStranger;
        },
        readyTimeout: ms,
        keepaliveInterval: KEEPALIVE_MS,
      });
      // What the driver sends is short, and waits for an answer.
      client.setNoDelay(true);
    });
  } catch (error) {
    client.destroy();
    signal.throwIfAborted();
    throw isStranger ? hostKeyMismatch(error) : classifyTunnel(error);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
  return {
    reach: (host, port, giveUp) => reach(client, host, port, giveUp),
    close: () => void client.destroy(),
  };
}

/** As `ssh-keygen -lf` prints it, without padding. */
function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=$/, '')}`;
}

async function ready(client: Client, connect: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  client.once('ready', () => resolve(undefined));
  client.once('error', reject);
  client.once('close', () => reject(new Error('The SSH host closed the connection.')));
  connect();
  await promise;
}

async function reach(client: Client, host: string, port: number, signal: AbortSignal): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
  const onAbort = (): void => reject(classifyTunnel(signal.reason));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    // Where the connection comes from is only written down by the SSH host.
    client.forwardOut('127.0.0.1', 0, host, port, (error, channel) => {
      if (error) reject(classifyTunnel(error));
      else resolve(channel);
    });
    return asSocket(await promise);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Gives a channel what the driver asks of a socket. */
function asSocket(channel: ClientChannel): Socket {
  const socket: unknown = Object.assign(channel, {
    connect: () => process.nextTick(() => channel.emit('connect')),
    setNoDelay: () => channel,
    setKeepAlive: () => channel,
    ref: () => channel,
    unref: () => channel,
    // A channel waits for the other side to agree to its end, and a dead network never does.
    destroy: (error?: Error) => {
      channel.close();
      if (error) channel.emit('error', error);
      channel.emit('close');
      return channel;
    },
  });
  return socket as Socket;
}
