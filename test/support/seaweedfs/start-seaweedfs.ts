/** SeaweedFS, a storage that this project did not write, with its S3 interface. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { LOCALHOST, claimPort } from '../../../client/embedded/claim-port.ts';
import { pythonPackages } from '../../warehouses/python-packages.ts';

const REQUIREMENTS = new URL('requirements.txt', import.meta.url);
const START_MS = 120_000;
const KEPT_CHARACTERS = 4_000;
const VOLUME_MB = 64;

interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Seaweedfs extends AsyncDisposable {
  readonly endpoint: string;
  /** May read, write and list, as a worker has to, and nothing else. */
  readonly credentials: Credentials;
  /** Settings of a worker that stages there, as environment variables. @param url `s3://bucket/prefix` */
  settings(url: string): Record<string, string>;
  /** An administrator's, for what a test looks at by itself. */
  readonly client: S3Client;
  createBucket(name: string): Promise<void>;
  /** Stands still, or goes on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
}

/** Made in /tmp, wherever else the server is told to write. */
const socketOf = (service: string, port: number): string => `/tmp/seaweedfs-${service}-grpc-${port}.sock`;

export async function startSeaweedfs(): Promise<Seaweedfs> {
  await using cleanup = new AsyncDisposableStack();
  const { folder } = await pythonPackages({ name: 'seaweedfs', requirements: REQUIREMENTS });
  const home = await mkdtemp(join(tmpdir(), 'cdi-seaweedfs-'));
  cleanup.defer(() => rm(home, { recursive: true, force: true }));
  const credentials = { accessKeyId: 'cdi', secretAccessKey: 'not-a-secret' };
  const administrator = { accessKeyId: 'admin', secretAccessKey: 'not-a-secret-either' };
  const config = join(home, 's3.json');
  const identities = [
    identity('cdi', credentials, ['Read', 'Write', 'List']),
    identity('admin', administrator, ['Admin', 'Read', 'Write', 'List']),
  ];
  await writeFile(config, JSON.stringify({ identities }));
  const ports: string[] = [];
  const sockets: string[] = [];
  for (const service of ['master', 'volume', 'filer', 's3']) {
    const grpcPort = await claimPort(0, '');
    ports.push(`-${service}.port=${await claimPort(0, '')}`, `-${service}.port.grpc=${grpcPort}`);
    sockets.push(socketOf(service, grpcPort));
  }
  const child = spawn(
    join(folder, 'bin', 'weed'),
    [
      '-logtostderr=true',
      ...['server', `-dir=${home}`, `-ip=${LOCALHOST}`, `-ip.bind=${LOCALHOST}`, ...ports],
      ...['-filer', `-filer.localSocket=${join(home, 'filer.sock')}`],
      ...['-s3', `-s3.config=${config}`, `-s3.localSocket=${join(home, 's3.sock')}`],
      ...['-s3.port.iceberg=0', '-s3.port.lance=0'],
      ...[`-master.volumeSizeLimitMB=${VOLUME_MB}`, '-volume.max=20'],
    ],
    {
      cwd: home,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: home, WEED_S3_SSE_KEY: 'not-a-secret' },
    },
  );
  const ended = once(child, 'close');
  cleanup.defer(async () => {
    child.kill('SIGKILL');
    await ended;
    for (const socket of sockets) await rm(socket, { force: true });
  });
  let said = '';
  for (const output of [child.stdout, child.stderr])
    output.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-KEPT_CHARACTERS);
    });

  const port = ports.find((option) => option.startsWith('-s3.port='))?.split('=')[1] ?? '';
  const endpoint = `http://${LOCALHOST}:${port}`;
  const client = new S3Client({
    endpoint,
    region: 'us-east-1',
    credentials: administrator,
    forcePathStyle: true,
    maxAttempts: 1,
  });
  cleanup.defer(() => client.destroy());
  const createBucket = async (name: string): Promise<void> => {
    await client.send(new CreateBucketCommand({ Bucket: name }));
  };
  const deadline = Date.now() + START_MS;
  // Its health check answers before its parts know of each other.
  while (
    !(await createBucket('ready').then(
      () => true,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > deadline)
      throw new Error(`SeaweedFS does not start: ${said}`);
    await sleep(200);
  }

  const whole = cleanup.move();
  return {
    endpoint,
    credentials,
    settings: (url) => ({
      CDI_STAGING_URL: url,
      CDI_S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    }),
    client,
    createBucket,
    signal: (signal) => void child.kill(signal),
    [Symbol.asyncDispose]: () => whole.disposeAsync(),
  };
}

function identity(name: string, { accessKeyId, secretAccessKey }: Credentials, actions: string[]): object {
  return { name, credentials: [{ accessKey: accessKeyId, secretKey: secretAccessKey }], actions };
}
