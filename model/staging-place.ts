/** Where staged pages lie: what a staging URL says, with the options for a storage that speaks S3. */

export interface StagingFolder {
  readonly kind: 'folder';
  /** `file:///path` */
  readonly url: string;
}

export interface StagingBucket {
  readonly kind: 'bucket';
  readonly bucket: string;
  /** Begins the key of every object, without slashes around it; empty for the whole bucket. */
  readonly prefix: string;
  /** URL of a compatible storage. Undefined: Amazon S3. */
  readonly endpoint: string | undefined;
  /** Undefined: as the AWS SDK finds it. */
  readonly region: string | undefined;
  /** Whether the bucket stands in the path of a request, not in its host name. */
  readonly pathStyle: boolean;
  /** What the storage encrypts, beside the encryption that every page has. Undefined: as the bucket is set up. */
  readonly encryption: ServerEncryption | undefined;
  /** Id of the key for `aws:kms`. */
  readonly kmsKey: string | undefined;
}

export type StagingPlace = StagingFolder | StagingBucket;

export const SERVER_ENCRYPTIONS = ['AES256', 'aws:kms'] as const;
export type ServerEncryption = (typeof SERVER_ENCRYPTIONS)[number];

/** `file:///path`, or `s3://bucket` with or without a prefix. */
export const STAGING_URL = /^(file:\/\/\/.|s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9_./-]*)?$)/;

export type BucketOptions = Omit<StagingBucket, 'kind' | 'bucket' | 'prefix'>;

/** @param url one that `STAGING_URL` matches */
export function stagingPlace(url: string, options: BucketOptions): StagingPlace {
  const s3 = /^s3:\/\/([^/]+)\/*(.*?)\/*$/.exec(url);
  return s3
    ? { kind: 'bucket', bucket: s3[1] ?? '', prefix: s3[2] ?? '', ...options }
    : { kind: 'folder', url };
}
