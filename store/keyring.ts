/** Encryption at rest: AES-256-GCM under keys that have ids, so that a key can be replaced without a stop. */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { CdiError } from '../model/errors.ts';

const FORMAT = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

interface Key {
  readonly id: string;
  readonly secret: Buffer;
}

/**
 * The keys of an installation, newest first. The first one encrypts; every one decrypts what it encrypted.
 * A sealed value is: format (1 byte), length of the key id (1), key id, nonce (12), ciphertext, tag (16).
 */
export class Keyring {
  #keys: readonly [Key, ...Key[]];
  readonly #renewed: (() => Keyring | undefined) | undefined;

  /** @param renewed asked for the keys as they are now, where a value names one that is not known */
  constructor(keys: readonly [Key, ...Key[]], renewed?: () => Keyring | undefined) {
    this.#keys = keys;
    this.#renewed = renewed;
  }

  /** From now on uses the keys of another ring; what is being sealed at this moment keeps its key. */
  replaceBy(other: Keyring): void {
    this.#keys = other.#keys;
  }

  /** Ids of all keys, newest first. */
  get ids(): string[] {
    return this.#keys.map(({ id }) => id);
  }

  /** Id of the key that encrypts. */
  get currentId(): string {
    return this.#keys[0].id;
  }

  /**
   * @param plain what to protect
   * @param purpose binds the result to its use: opening it for another purpose fails
   */
  seal(plain: Uint8Array, purpose: string): Buffer {
    return Buffer.concat(this.sealInPieces(plain, purpose));
  }

  /** As `seal`, for values so large that joining the pieces would cost. */
  sealInPieces(plain: Uint8Array, purpose: string): Buffer[] {
    const key = this.#keys[0];
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', key.secret, nonce);
    cipher.setAAD(Buffer.from(purpose));
    const id = Buffer.from(key.id);
    const head = Buffer.concat([Buffer.from([FORMAT, id.length]), id, nonce]);
    const encrypted = cipher.update(plain);
    // In this mode the last call only computes the tag.
    cipher.final();
    return [head, encrypted, cipher.getAuthTag()];
  }

  /** @throws CdiError `key_missing` where no key of the ring opens it for this purpose. */
  open(sealed: Uint8Array, purpose: string): Buffer {
    const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    const idLength = bytes[1] ?? 0;
    const start = 2 + idLength;
    const key = this.#find(bytes.toString('utf8', 2, start));
    if (bytes[0] !== FORMAT || !key || bytes.length < start + NONCE_BYTES + TAG_BYTES) {
      throw new CdiError('key_missing', `No key at hand opens this ${purpose}.`);
    }
    const decipher = createDecipheriv('aes-256-gcm', key.secret, bytes.subarray(start, start + NONCE_BYTES));
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
    try {
      const plain = decipher.update(bytes.subarray(start + NONCE_BYTES, -TAG_BYTES));
      decipher.final();
      return plain;
    } catch (cause) {
      throw new CdiError('key_missing', `The key ${key.id} does not open this ${purpose}.`, { cause });
    }
  }

  #find(id: string): Key | undefined {
    const known = this.#keys.find((key) => key.id === id);
    if (known || !this.#renewed) return known;
    const renewed = this.#renewed();
    if (renewed) this.replaceBy(renewed);
    return this.#keys.find((key) => key.id === id);
  }

  /** A short keyed fingerprint that tells whether a secret changed, without telling the secret. */
  fingerprint(secret: string): string {
    const oldest = this.#keys.at(-1) ?? this.#keys[0];
    return createHmac('sha256', oldest.secret).update(secret).digest('base64url').slice(0, 16);
  }
}

/**
 * @param text one key per line, newest first: `id:base64` with 32 bytes; a single line may lack its id
 * @param renewed as of `Keyring`
 * @throws CdiError `key_missing` where no usable key is found
 */
export function parseKeyring(text: string, renewed?: () => Keyring | undefined): Keyring {
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line, index): Key => {
      const colon = line.indexOf(':');
      const id = colon < 0 ? 'default' : line.slice(0, colon);
      const secret = Buffer.from(line.slice(colon + 1), 'base64');
      if (secret.length !== KEY_BYTES || id === '' || id.length > 32) {
        throw new CdiError('key_missing', `Key ${index + 1} is not \`id:base64\` of ${KEY_BYTES} bytes.`);
      }
      return { id, secret };
    });
  const [first, ...rest] = keys;
  if (!first) throw new CdiError('key_missing', 'No key was given: set CDI_KEY or CDI_KEY_FILE.');
  return new Keyring([first, ...rest], renewed);
}
