/** Staging in S3, or in a storage that speaks its protocol: for workers on several machines. */
import type { S3Client, ServerSideEncryption } from '@aws-sdk/client-s3';
import { CdiError } from '../../model/errors.ts';
import type { StagingBucket } from '../../model/staging-place.ts';
import type { Keyring } from '../../store/keyring.ts';
import { openPage, sealPage } from './sealed-page.ts';
import type { IdleRun, Staging } from './staging.ts';

/** Within one request; the step that asked is tried again after that. */
const ATTEMPTS = 5;
const CONNECT_TIMEOUT_MS = 5_000;
/** Without a sign of life on the connection. */
const SILENCE_TIMEOUT_MS = 30_000;
const CONNECTIONS = 64;
const DELETES_AT_ONCE = 16;
/** Where a storage of one's own asks for none; it has to be the same for all that sign. */
const REGION_OF_COMPATIBLES = 'us-east-1';

/**
 * Credentials are found as the AWS SDK finds them: environment, shared files, web identity, instance role. An object
 * appears whole or not at all, so nothing has to be renamed. Only the requests that every compatible storage knows are
 * used: put, get, list and delete of single objects.
 *
 * @param keyring seals each object, bound to its reference, whatever the storage encrypts besides
 * @param onLeft hears of objects that could not be deleted
 */
export async function createS3Staging(
  place: StagingBucket,
  keyring: Keyring,
  onLeft: (error: CdiError) => void,
): Promise<Staging> {
  // The package is large, and an installation that stages in a folder never needs it.
  const s3 = await import('@aws-sdk/client-s3');
  const client: S3Client = new s3.S3Client({
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint, region: REGION_OF_COMPATIBLES }),
    ...(place.region === undefined ? {} : { region: place.region }),
    forcePathStyle: place.pathStyle,
    maxAttempts: ATTEMPTS,
    // Pages carry an authentication tag of their own, and older storages refuse these checksums.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      socketTimeout: SILENCE_TIMEOUT_MS,
      httpAgent: { maxSockets: CONNECTIONS },
      httpsAgent: { maxSockets: CONNECTIONS },
    },
  });
  const Bucket = place.bucket;
  const root = place.prefix === '' ? '' : `${place.prefix}/`;
  const encryption = {
    ...(place.encryption === undefined
      ? {}
      : { ServerSideEncryption: place.encryption satisfies ServerSideEncryption }),
    ...(place.kmsKey === undefined ? {} : { SSEKMSKeyId: place.kmsKey }),
  };

  async function* objects(prefix: string): AsyncGenerator<{ key: string; changedAt: number }> {
    for (let token: string | undefined, more = true; more;) {
      const page = await client.send(
        new s3.ListObjectsV2Command({ Bucket, Prefix: prefix, ContinuationToken: token }),
      );
      for (const { Key, LastModified } of page.Contents ?? []) {
        if (Key !== undefined) yield { key: Key, changedAt: LastModified?.getTime() ?? Infinity };
      }
      token = page.NextContinuationToken;
      more = page.IsTruncated === true && token !== undefined;
    }
  }

  return {
    async write(reference, bytes) {
      // Joined, not streamed: a request can be repeated then, and a page is as large as memory allows anyway.
      const Body = Buffer.concat(sealPage(keyring, reference, bytes));
      await client
        .send(new s3.PutObjectCommand({ Bucket, Key: root + reference, Body, ...encryption }))
        .catch((error: unknown) => {
          throw s3Failure(error, 'A page could not be stored');
        });
    },

    async read(reference) {
      let sealed: Uint8Array;
      try {
        const { Body } = await client.send(new s3.GetObjectCommand({ Bucket, Key: root + reference }));
        sealed = (await Body?.transformToByteArray()) ?? new Uint8Array();
      } catch (cause) {
        if (cause instanceof s3.NoSuchKey)
          throw new CdiError('staging_lost', 'A staged page is gone.', { cause });
        throw s3Failure(cause, 'A page could not be read');
      }
      return openPage(keyring, reference, sealed);
    },

    async remove(prefix) {
      const path = root + prefix;
      const doomed: string[] = [];
      const removeThem = async (): Promise<void> => {
        // A request for many objects at once is younger, and not every storage knows it.
        await Promise.all(
          doomed.splice(0).map((Key) => client.send(new s3.DeleteObjectCommand({ Bucket, Key }))),
        );
      };
      try {
        for await (const { key } of objects(path)) {
          // The storage knows no folders: it also lists `a/10` where `a/1` is asked for.
          if (key === path || key.startsWith(`${path}/`)) doomed.push(key);
          if (doomed.length >= DELETES_AT_ONCE) await removeThem();
        }
        await removeThem();
      } catch (error) {
        // Its callers have just recorded what may not be repeated, such as the end of a run.
        onLeft(s3Failure(error, 'Pages could not be removed'));
      }
    },

    async idleRuns(olderThanMs) {
      const changed = new Map<string, { sync: string; run: string; changedAt: number }>();
      try {
        for await (const { key, changedAt } of objects(root)) {
          const [sync, run, ...file] = key.slice(root.length).split('/');
          if (sync === undefined || run === undefined || file.length === 0) continue;
          const folder = `${sync}/${run}`;
          const latest = Math.max(changedAt, changed.get(folder)?.changedAt ?? 0);
          changed.set(folder, { sync, run, changedAt: latest });
        }
      } catch (error) {
        throw s3Failure(error, 'Staging could not be listed');
      }
      const now = Date.now();
      return [...changed.values()]
        .map(({ sync, run, changedAt }): IdleRun => ({ sync, run, idleMs: now - changedAt }))
        .filter(({ idleMs }) => idleMs >= olderThanMs);
    },

    close: () => client.destroy(),
  };
}

const FULL = /storage_?full|insufficient_?(storage|capacity)|quota_?exceeded|no_?space/i;
const FULL_STATUS = 507;

/**
 * What an answer of the storage, or its absence, means. The storage's own message is left out: it may quote anything.
 *
 * @param what begins the message, such as `A page could not be read`
 */
export function s3Failure(error: unknown, what: string): CdiError {
  const {
    name = 'Error',
    code,
    $metadata,
  } = error as Partial<{
    name: string;
    code: unknown;
    $metadata: { httpStatusCode?: number };
  }>;
  const vendorCode = typeof code === 'string' && name === 'Error' ? code : name;
  const isFull = FULL.test(vendorCode) || $metadata?.httpStatusCode === FULL_STATUS;
  return new CdiError(isFull ? 'staging_full' : 'staging_unavailable', `${what} (${vendorCode}).`, {
    cause: error,
    vendorCode,
  });
}
