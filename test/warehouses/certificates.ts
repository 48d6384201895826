/**
 * Makes an authority and a certificate of a server that it signed, so that a stand-in speaks TLS and its clients check it.
 * Source of the forms: RFC 5280 (certificates), RFC 5480 (keys), written in the DER of X.690.
 */
import { type KeyObject, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface Certificates {
  /** PEM of the authority: whoever trusts it trusts the server. */
  readonly ca: string;
  /** PEM of the server's certificate, and of its private key. */
  readonly cert: string;
  readonly key: string;
}

const DAY_MS = 86_400_000;

/** Tags of DER. */
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const tagged = (number: number): number => 0xa0 | number;

const ECDSA_WITH_SHA256 = [1, 2, 840, 10045, 4, 3, 2];
const COMMON_NAME = [2, 5, 4, 3];
const KEY_USAGE = [2, 5, 29, 15];
const ALTERNATIVE_NAMES = [2, 5, 29, 17];
const BASIC_CONSTRAINTS = [2, 5, 29, 19];
const EXTENDED_KEY_USAGE = [2, 5, 29, 37];
const SERVER_AUTHENTICATION = [1, 3, 6, 1, 5, 5, 7, 3, 1];

/** @param names what clients call the server: host names and IPv4 addresses */
export function makeCertificates(names: readonly string[] = ['localhost', '127.0.0.1']): Certificates {
  const authority = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const server = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuer = nameOf('Authority of the stand-ins');
  const ca = certificate(issuer, issuer, authority.publicKey, authority.privateKey, [
    extension(BASIC_CONSTRAINTS, der(SEQUENCE, der(BOOLEAN, Buffer.from([0xff])))),
    // keyCertSign, the sixth bit.
    extension(KEY_USAGE, der(BIT_STRING, Buffer.from([2, 0x04]))),
  ]);
  const cert = certificate(issuer, nameOf(names[0] ?? ''), server.publicKey, authority.privateKey, [
    extension(EXTENDED_KEY_USAGE, der(SEQUENCE, objectId(SERVER_AUTHENTICATION))),
    extension(ALTERNATIVE_NAMES, der(SEQUENCE, ...names.map(alternativeName))),
  ]);
  return { ca, cert, key: server.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

function certificate(
  issuer: Buffer,
  subject: Buffer,
  publicKey: KeyObject,
  signer: KeyObject,
  extensions: readonly Buffer[],
): string {
  const algorithm = der(SEQUENCE, objectId(ECDSA_WITH_SHA256));
  const serial = randomBytes(16);
  // Positive, and without a leading zero.
  serial[0] = 0x40 | ((serial[0] ?? 0) & 0x3f);
  const content = der(
    SEQUENCE,
    der(tagged(0), der(INTEGER, Buffer.from([2]))),
    der(INTEGER, serial),
    algorithm,
    issuer,
    der(SEQUENCE, time(Date.now() - DAY_MS), time(Date.now() + 30 * DAY_MS)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(tagged(3), der(SEQUENCE, ...extensions)),
  );
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', content, signer)]);
  const whole = der(SEQUENCE, content, algorithm, der(BIT_STRING, signature));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

const nameOf = (commonName: string): Buffer =>
  der(SEQUENCE, der(SET, der(SEQUENCE, objectId(COMMON_NAME), der(UTF8_STRING, Buffer.from(commonName)))));

const extension = (id: readonly number[], value: Buffer): Buffer =>
  der(SEQUENCE, objectId(id), der(BOOLEAN, Buffer.from([0xff])), der(OCTET_STRING, value));

const alternativeName = (name: string): Buffer =>
  isIP(name) === 4
    ? der(0x87, Buffer.from(name.split('.').map(Number)))
    : der(0x82, Buffer.from(name, 'ascii'));

/** Two digits for the year: read as 20xx until 2049. */
const time = (ms: number): Buffer =>
  der(UTC_TIME, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replace(/[-:T]/g, '')}Z`));

function objectId([first = 0, second = 0, ...rest]: readonly number[]): Buffer {
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >>> 7; left > 0; left >>>= 7) groups.unshift(0x80 | (left & 0x7f));
    bytes.push(...groups);
  }
  return der(OBJECT_ID, Buffer.from(bytes));
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}
