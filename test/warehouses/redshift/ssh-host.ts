/** An SSH host that lets two keys in and forwards to the ports that it is told, by the server of ssh2. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import ssh2, { type AuthContext, type Connection, type ParsedKey } from 'ssh2';
import { LOCALHOST } from '../../../client/embedded/claim-port.ts';

export interface SshHost extends AsyncDisposable {
  /** On 127.0.0.1. */
  readonly port: number;
  readonly user: string;
  /** Of the user, OpenSSH, under the passphrase. */
  readonly privateKey: string;
  readonly passphrase: string;
  /** Another of the user, without one. */
  readonly plainKey: string;
  /** Of the host's key, as `ssh-keygen -lf` prints it. */
  readonly fingerprint: string;
  /** How many clients are there, and how many channels each of them has opened so far. */
  readonly clients: readonly { readonly channels: number }[];
}

const USER = 'tunnel';
const PASSPHRASE = 'opens the key';

/** @param allowedPorts of 127.0.0.1: no other may be reached */
export async function startSshHost(allowedPorts: readonly number[]): Promise<SshHost> {
  const host = ssh2.utils.generateKeyPairSync('ed25519');
  const user = ssh2.utils.generateKeyPairSync('ed25519', {
    passphrase: PASSPHRASE,
    cipher: 'aes256-ctr',
    rounds: 1,
  });
  const plain = ssh2.utils.generateKeyPairSync('ed25519');
  const allowed = [user, plain].map((pair) => publicKey(pair.public));
  const clients = new Map<Connection, { channels: number }>();
  const server = new ssh2.Server({ hostKeys: [host.private] }, (client) => {
    const counts = { channels: 0 };
    clients.set(client, counts);
    client.on('error', () => undefined);
    client.once('close', () => clients.delete(client));
    client.on('authentication', (context) =>
      isAllowed(context, allowed) ? context.accept() : context.reject(),
    );
    client.on('tcpip', (accept, reject, { destPort }) => {
      if (!allowedPorts.includes(destPort)) {
        reject();
        return;
      }
      const target = connect(destPort, LOCALHOST);
      // Not before the target is there does the client hear that the channel is open.
      target.once('error', () => reject());
      target.once('connect', () => {
        counts.channels += 1;
        const channel = accept();
        target.on('error', () => channel.close());
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
    user: USER,
    privateKey: user.private,
    passphrase: PASSPHRASE,
    plainKey: plain.private,
    fingerprint: `SHA256:${createHash('sha256').update(publicKey(host.public).getPublicSSH()).digest('base64').replace(/=+$/, '')}`,
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

function isAllowed(context: AuthContext, keys: readonly ParsedKey[]): boolean {
  if (context.method !== 'publickey' || context.username !== USER) return false;
  const { key: offered, signature, blob } = context;
  const allowed = keys.find((key) => offered.data.equals(key.getPublicSSH()));
  if (!allowed) return false;
  // Without a signature the client only asks whether the key would do.
  return !signature || !blob || allowed.verify(blob, signature);
}
