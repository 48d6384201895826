/** An SSH host that lets one user in and forwards to the ports that it is told, by the server of ssh2. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ParsedKey } from 'ssh2';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';
import { makeEd25519Key } from '../../../client/keys/ssh-key.ts';

export interface SshHost extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  /** Of the host's key, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
  /** How many clients are there, and how many channels each of them has opened so far. */
  readonly clients: readonly { readonly channels: number }[];
}

export interface SshAccess {
  readonly user: string;
  /** Lines of `authorized_keys`, without options. */
  readonly keys: readonly string[];
  /** Ports of 127.0.0.1: no other may be reached. */
  readonly ports: readonly number[];
}

export async function startSshHost(access: SshAccess): Promise<SshHost> {
  const host = makeEd25519Key();
  const clients = new Map<Connection, { channels: number }>();
  const server = new ssh2.Server({ hostKeys: [host.privateKey] }, (client) => {
    const counts = { channels: 0 };
    clients.set(client, counts);
    // Its types leave it out.
    (client as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
    client.on('error', () => undefined);
    client.once('close', () => clients.delete(client));
    client.on('authentication', (context) =>
      isAllowed(context, access) ? context.accept() : context.reject(),
    );
    client.on('tcpip', (accept, reject, { destPort }) => {
      if (!access.ports.includes(destPort)) {
        reject();
        return;
      }
      const target = connect(destPort, LOCALHOST);
      // Not before the target is there does the client hear that the channel is open.
      target.once('error', () => reject());
      target.once('connect', () => {
        counts.channels += 1;
        const channel = accept();
        target.on('error', () => undefined);
        target.on('close', () => channel.close());
        channel.on('error', () => target.destroy());
        channel.on('close', () => target.destroy());
        channel.pipe(target).pipe(channel);
      });
    });
  });
  server.listen(0, LOCALHOST);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    fingerprint: `SHA256:${createHash('sha256').update(publicKey(host.publicKey).getPublicSSH()).digest('base64').replace(/=+$/, '')}`,
    get clients() {
      return [...clients.values()];
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const client of clients.keys()) client.end();
      await closed;
    },
  };
}

function publicKey(text: string): ParsedKey {
  const key = ssh2.utils.parseKey(text);
  if (key instanceof Error) throw key;
  return key;
}

function isAllowed(context: AuthContext, { user, keys }: SshAccess): boolean {
  if (context.method !== 'publickey' || context.username !== user) return false;
  const { key: offered, signature, blob } = context;
  const allowed = keys.map(publicKey).find((key) => offered.data.equals(key.getPublicSSH()));
  if (!allowed) return false;
  // Without a signature the client only asks whether the key would do.
  if (!signature || !blob) return true;
  return allowed.verify(blob, signature, context.hashAlgo);
}
