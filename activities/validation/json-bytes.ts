/**
 * A quick look at a payload in its bytes, without making a text or an object of it. It says yes only to what
 * `model/json-text.ts` accepts without a flaw; where it is not sure it says no, and the full scanner decides.
 */
import { isUtf8 } from 'node:buffer';

const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const LOWER_D = 0x64;
const LOWER_E = 0x65;
const LOWER_F = 0x66;
const LOWER_N = 0x6e;
const LOWER_T = 0x74;
const LOWER_U = 0x75;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const classOf = (members: string): Uint8Array => {
  const table = new Uint8Array(256);
  for (const character of members) table[character.charCodeAt(0)] = 1;
  return table;
};
const BLANKS = classOf(' \t\n\r');
const DIGITS = classOf('0123456789');
const HEX_DIGITS = classOf('0123456789abcdefABCDEF');
const SHORT_ESCAPES = classOf('"\\/bfnrt');
/** Bytes within a string that need no look: everything but quotes, backslashes, controls and what is beyond ASCII. */
const ORDINARY = new Uint8Array(256).fill(1, 0x20, 0x80);
ORDINARY[QUOTE] = 0;
ORDINARY[BACKSLASH] = 0;

const NO = -1;
/** Beyond these the full scanner takes over. */
const DEEPEST = 32;
const MOST_KEYS = 128;
/** Keys and values of nested objects above it may break a limit of Braze. */
const LONGEST_NESTED = 255;

/** Names of keys as a set that is asked with a hash: it may say yes to a name that is not in it, never no to one that is. */
export class KeyNames {
  readonly #table = new Uint8Array(1 << 16);

  constructor(names: Iterable<string>) {
    for (const name of names) {
      let hash = HASH_SEED;
      for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, HASH_PRIME);
      this.#table[hash >>> 16] = 1;
    }
  }

  mayHold(hash: number): boolean {
    return this.#table[hash >>> 16] === 1;
  }
}

const HASH_SEED = 0x811c_9dc5;
const HASH_PRIME = 0x0100_0193;

export interface Watched {
  /** Top-level keys to be reported. */
  readonly keys: KeyNames;
  /** Keys below the top level that need the full rules, and characters that no key there may hold. */
  readonly nestedKeys: KeyNames;
  readonly nestedCharacters: string;
}

/** Where a top-level member lies. */
export interface MemberPlace {
  readonly keyAt: number;
  readonly keyEnd: number;
  readonly valueAt: number;
  readonly end: number;
}

/** Looks at one payload after the other; the properties hold what the last look found. */
export class JsonBytes {
  /** Where the text between the outer braces lies. */
  innerAt = 0;
  innerEnd = 0;
  members = 0;
  /** Top-level members whose key may be a watched one. */
  readonly watched: MemberPlace[] = [];

  readonly #watched: Watched;
  readonly #nestedCharacters: Uint8Array;
  readonly #hashes = new Int32Array(DEEPEST * MOST_KEYS);
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;
  #keys = 0;
  #isAscii = true;
  /** Hash of the string that was read last as a key. */
  #hash = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#nestedCharacters = classOf(watched.nestedCharacters);
  }

  /** @returns whether the bytes from `start` to `end` are a JSON object without any flaw; false: not sure */
  accepts(bytes: Buffer, start: number, end: number): boolean {
    this.#bytes = bytes;
    this.#end = end;
    this.#keys = 0;
    this.#isAscii = true;
    this.members = 0;
    this.watched.length = 0;
    const open = this.#blanks(start);
    if (bytes[open] !== OPEN_BRACE) return false;
    const close = this.#object(open + 1, 1);
    if (close === NO || close > end || this.#blanks(close) !== end) return false;
    this.innerAt = open + 1;
    this.innerEnd = close - 1;
    return this.#isAscii || isUtf8(bytes.subarray(start, end));
  }

  #blanks(at: number): number {
    while (at < this.#end && BLANKS[this.#bytes[at] ?? 0] === 1) at += 1;
    return at;
  }

  /** Each of these reads on from a position, and answers where it ended or NO. */
  #object(at: number, depth: number): number {
    const bytes = this.#bytes;
    const firstKey = this.#keys;
    at = this.#blanks(at);
    if (bytes[at] === CLOSE_BRACE) return at + 1;
    if (depth > DEEPEST) return NO;
    for (;;) {
      const keyAt = at;
      if (bytes[at] !== QUOTE) return NO;
      at = this.#key(at + 1, firstKey, depth);
      if (at === NO) return NO;
      const hash = this.#hash;
      const keyEnd = at;
      at = this.#blanks(at);
      if (bytes[at] !== COLON) return NO;
      const valueAt = this.#blanks(at + 1);
      at = this.#value(valueAt, depth);
      if (at === NO || at > this.#end) return NO;
      if (depth === 1) {
        this.members += 1;
        if (this.#watched.keys.mayHold(hash)) this.watched.push({ keyAt, keyEnd, valueAt, end: at });
      }
      at = this.#blanks(at);
      const code = bytes[at];
      at += 1;
      if (code === CLOSE_BRACE) break;
      if (code !== COMMA) return NO;
      at = this.#blanks(at);
    }
    this.#keys = firstKey;
    return at;
  }

  #array(at: number, depth: number): number {
    at = this.#blanks(at);
    if (this.#bytes[at] === CLOSE_BRACKET) return at + 1;
    if (depth > DEEPEST) return NO;
    for (;;) {
      at = this.#value(at, depth);
      if (at === NO) return NO;
      at = this.#blanks(at);
      const code = this.#bytes[at];
      at += 1;
      if (code === CLOSE_BRACKET) return at;
      if (code !== COMMA) return NO;
      at = this.#blanks(at);
    }
  }

  #value(at: number, depth: number): number {
    switch (this.#bytes[at]) {
      case QUOTE: {
        const end = this.#string(at + 1);
        return depth > 1 && end - at > LONGEST_NESTED ? NO : end;
      }
      case OPEN_BRACE:
        return this.#object(at + 1, depth + 1);
      case OPEN_BRACKET:
        return this.#array(at + 1, depth + 1);
      case LOWER_T:
        return this.#word(at, TRUE);
      case LOWER_F:
        return this.#word(at, FALSE);
      case LOWER_N:
        return this.#word(at, NULL);
      default:
        return this.#number(at);
    }
  }

  #key(at: number, firstKey: number, depth: number): number {
    const bytes = this.#bytes;
    const start = at;
    let hash = HASH_SEED;
    const nestedCharacters = this.#nestedCharacters;
    let isOdd = 0;
    for (;;) {
      const code = bytes[at] ?? 0;
      if (ORDINARY[code] === 0) {
        if (code === QUOTE) break;
        if (code < 0x80) return NO;
        this.#isAscii = false;
      }
      isOdd |= nestedCharacters[code] ?? 0;
      hash = Math.imul(hash ^ code, HASH_PRIME);
      at += 1;
    }
    const length = at - start;
    if (
      depth > 1 &&
      (isOdd === 1 || length === 0 || length > LONGEST_NESTED || this.#watched.nestedKeys.mayHold(hash))
    )
      return NO;
    const keys = this.#keys;
    if (keys - firstKey >= MOST_KEYS) return NO;
    for (let earlier = firstKey; earlier < keys; earlier += 1) {
      if (this.#hashes[earlier] === hash) return NO;
    }
    this.#hashes[keys] = hash;
    this.#keys = keys + 1;
    this.#hash = hash;
    return at + 1;
  }

  #string(at: number): number {
    const bytes = this.#bytes;
    const end = this.#end;
    while (at < end) {
      const code = bytes[at] ?? 0;
      if (ORDINARY[code] === 1) at += 1;
      else if (code === QUOTE) return at + 1;
      else if (code >= 0x80) {
        this.#isAscii = false;
        at += 1;
      } else if (code === BACKSLASH) {
        const length = this.#escape(at);
        if (length === 0) return NO;
        at += length;
      } else return NO;
    }
    return NO;
  }

  /** @returns length of the escape, or 0: surrogates are left to the full scanner */
  #escape(at: number): number {
    const bytes = this.#bytes;
    const code = bytes[at + 1] ?? 0;
    if (SHORT_ESCAPES[code] === 1) return 2;
    if (code !== LOWER_U) return 0;
    for (let digit = at + 2; digit < at + 6; digit += 1) if (HEX_DIGITS[bytes[digit] ?? 0] === 0) return 0;
    return ((bytes[at + 2] ?? 0) | 0x20) === LOWER_D ? 0 : 6;
  }

  #word(at: number, word: Uint8Array): number {
    for (let index = 0; index < word.length; index += 1)
      if (this.#bytes[at + index] !== word[index]) return NO;
    return at + word.length;
  }

  #number(at: number): number {
    const bytes = this.#bytes;
    if (bytes[at] === MINUS) at += 1;
    if (bytes[at] === ZERO) at += 1;
    else if ((at = this.#digits(at)) === NO) return NO;
    if (bytes[at] === POINT && (at = this.#digits(at + 1)) === NO) return NO;
    if (((bytes[at] ?? 0) | 0x20) !== LOWER_E) return at;
    at += 1;
    if (bytes[at] === PLUS || bytes[at] === MINUS) at += 1;
    return this.#digits(at);
  }

  /** At least one digit. */
  #digits(at: number): number {
    const start = at;
    while (DIGITS[this.#bytes[at] ?? 0] === 1) at += 1;
    return at > start ? at : NO;
  }
}

const TRUE = Buffer.from('true');
const FALSE = Buffer.from('false');
const NULL = Buffer.from('null');
