/**
 * A strict JSON scanner that never converts a value: it checks a text and gives back its top-level members as
 * slices. It accepts exactly what JSON.parse accepts, less what would not survive the way to Braze: a key that
 * is written twice in one object, broken Unicode, and absurd nesting.
 *
 * `\u0000` and U+FFFD pass: both are legal JSON, and a payload is sent as it was written.
 */
import type { PayloadMember } from './composed-object.ts';

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

export interface JsonMember extends PayloadMember {
  readonly kind: JsonKind;
  /** Where the value begins in `text`; it ends where `text` ends. */
  readonly valueAt: number;
}

export interface JsonObjectText {
  readonly outcome: 'object';
  readonly members: readonly JsonMember[];
  /** Everything between the outer braces, as written. */
  readonly inner: string;
  /** Levels of objects and arrays, the outer object included. */
  readonly depth: number;
}

/** `not_json` wins over what else a text has, and of that the first is told; what is `too_deep` is not read on. */
export type JsonFlaw = 'not_json' | 'not_object' | 'duplicate_key' | 'broken_unicode' | 'too_deep';

export interface FlawedText {
  readonly outcome: 'flawed';
  readonly flaw: JsonFlaw;
}

/** No limit is documented; this one keeps a hostile text from exhausting the stack. Text beyond it is not read. */
export const MAX_DEPTH = 500;

/** Scans a text that should hold one JSON object. */
export function scanJsonObject(text: string): JsonObjectText | FlawedText {
  return new Scanner(text).scan();
}

/** The value of a member as written. */
export function valueText(member: JsonMember): string {
  return member.text.slice(member.valueAt);
}

const TAB = 0x09;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const SLASH = 0x2f;
const ZERO = 0x30;
const NINE = 0x39;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const [LOWER_B, LOWER_E, LOWER_F, LOWER_N, LOWER_R, LOWER_T, LOWER_U] = [
  0x62, 0x65, 0x66, 0x6e, 0x72, 0x74, 0x75,
];
const UPPER_E = 0x45;
/** What code() answers beyond the end: no character has this code. */
const END = -1;

/** Up to this many keys, comparing each with each is cheaper than a set. */
const FEW_KEYS = 24;

class Scanner {
  readonly #text: string;
  readonly #members: JsonMember[] = [];
  #at = 0;
  #depth = 0;
  #flaw: JsonFlaw | undefined;
  /** Whether the string that was read last holds escapes. */
  #escaped = false;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): JsonObjectText | FlawedText {
    this.#skipBlanks();
    const start = this.#at;
    const isObject = this.#code() === OPEN_BRACE;
    const isJson = isObject ? this.#object(1, this.#members) : this.#value(0);
    const end = this.#at;
    this.#skipBlanks();
    if (this.#flaw === 'too_deep') return { outcome: 'flawed', flaw: 'too_deep' };
    if (!isJson || this.#at < this.#text.length) return { outcome: 'flawed', flaw: 'not_json' };
    if (!isObject) return { outcome: 'flawed', flaw: 'not_object' };
    if (this.#flaw) return { outcome: 'flawed', flaw: this.#flaw };
    return {
      outcome: 'object',
      members: this.#members,
      inner: this.#text.slice(start + 1, end - 1),
      depth: this.#depth,
    };
  }

  #code(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : END;
  }

  #skipBlanks(): void {
    const text = this.#text;
    let at = this.#at;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code !== SPACE && code !== LINE_FEED && code !== CARRIAGE_RETURN && code !== TAB) break;
      at += 1;
    }
    this.#at = at;
  }

  /** Each of these reads from the current position on, and answers whether what it read is JSON. */
  #value(depth: number): boolean {
    switch (this.#code()) {
      case QUOTE:
        return this.#string();
      case OPEN_BRACE:
        return this.#object(depth + 1, undefined);
      case OPEN_BRACKET:
        return this.#array(depth + 1);
      case LOWER_T:
        return this.#word('true');
      case LOWER_F:
        return this.#word('false');
      case LOWER_N:
        return this.#word('null');
      default:
        return this.#number();
    }
  }

  #object(depth: number, members: JsonMember[] | undefined): boolean {
    if (!this.#enter(depth)) return false;
    if (this.#code() === CLOSE_BRACE) {
      this.#at += 1;
      return true;
    }
    const keys: string[] = [];
    for (;;) {
      const start = this.#at;
      if (this.#code() !== QUOTE || !this.#string()) return false;
      const key = this.#key(start, this.#at);
      keys.push(key);
      this.#skipBlanks();
      if (this.#code() !== COLON) return false;
      this.#at += 1;
      this.#skipBlanks();
      const valueStart = this.#at;
      const kind = kindOf(this.#code());
      if (!this.#value(depth)) return false;
      members?.push({ key, text: this.#text.slice(start, this.#at), kind, valueAt: valueStart - start });
      this.#skipBlanks();
      const code = this.#code();
      this.#at += 1;
      if (code === CLOSE_BRACE) break;
      if (code !== COMMA) return false;
      this.#skipBlanks();
    }
    if (hasTwins(keys)) this.#flaw ??= 'duplicate_key';
    return true;
  }

  #array(depth: number): boolean {
    if (!this.#enter(depth)) return false;
    if (this.#code() === CLOSE_BRACKET) {
      this.#at += 1;
      return true;
    }
    for (;;) {
      if (!this.#value(depth)) return false;
      this.#skipBlanks();
      const code = this.#code();
      this.#at += 1;
      if (code === CLOSE_BRACKET) return true;
      if (code !== COMMA) return false;
      this.#skipBlanks();
    }
  }

  #enter(depth: number): boolean {
    if (depth > MAX_DEPTH) {
      this.#flaw = 'too_deep';
      return false;
    }
    if (depth > this.#depth) this.#depth = depth;
    this.#at += 1;
    this.#skipBlanks();
    return true;
  }

  #key(start: number, end: number): string {
    if (!this.#escaped) return this.#text.slice(start + 1, end - 1);
    return JSON.parse(this.#text.slice(start, end)) as string;
  }

  #string(): boolean {
    const text = this.#text;
    this.#escaped = false;
    let at = this.#at + 1;
    while (at < text.length) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (code < SPACE) return false;
      if (code === BACKSLASH) {
        this.#escaped = true;
        const length = this.#escape(at);
        if (length === 0) return false;
        at += length;
      } else if (code >= 0xd800 && code < 0xe000) {
        at += this.#surrogate(code, isLow(text.charCodeAt(at + 1))) ? 2 : 1;
      } else at += 1;
    }
    return false;
  }

  /** @returns length of the escape at a position, a pair of surrogates taken as one; 0 where it is none */
  #escape(at: number): number {
    switch (this.#text.charCodeAt(at + 1)) {
      case QUOTE:
      case BACKSLASH:
      case SLASH:
      case LOWER_B:
      case LOWER_F:
      case LOWER_N:
      case LOWER_R:
      case LOWER_T:
        return 2;
      case LOWER_U: {
        const code = this.#unicodeEscape(at);
        if (code === END) return 0;
        if (code < 0xd800 || code >= 0xe000) return 6;
        return this.#surrogate(code, isLow(this.#unicodeEscape(at + 6))) ? 12 : 6;
      }
      default:
        return 0;
    }
  }

  /**
   * Half of a pair that is written raw and half as an escape would be broken in UTF-8 although it joins when
   * decoded, so both halves must be written alike.
   *
   * @returns whether the surrogate and the next one are a pair
   */
  #surrogate(code: number, isLowNext: boolean): boolean {
    if (!isLow(code) && isLowNext) return true;
    this.#flaw ??= 'broken_unicode';
    return false;
  }

  /** @returns the code unit of a `\uXXXX` at a position, or END where there is none */
  #unicodeEscape(at: number): number {
    const text = this.#text;
    if (text.charCodeAt(at) !== BACKSLASH || text.charCodeAt(at + 1) !== LOWER_U) return END;
    let code = 0;
    for (let digit = at + 2; digit < at + 6; digit += 1) {
      const value = hexDigit(text.charCodeAt(digit));
      if (value === END) return END;
      code = code * 16 + value;
    }
    return code;
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #number(): boolean {
    if (this.#code() === MINUS) this.#at += 1;
    if (this.#code() === ZERO) this.#at += 1;
    else if (!this.#digits()) return false;
    if (this.#code() === POINT) {
      this.#at += 1;
      if (!this.#digits()) return false;
    }
    const code = this.#code();
    if (code !== LOWER_E && code !== UPPER_E) return true;
    this.#at += 1;
    const sign = this.#code();
    if (sign === PLUS || sign === MINUS) this.#at += 1;
    return this.#digits();
  }

  /** At least one digit. */
  #digits(): boolean {
    const start = this.#at;
    for (let code = this.#code(); code >= ZERO && code <= NINE; code = this.#code()) this.#at += 1;
    return this.#at > start;
  }
}

/** The kind that a value can only be, by its first character; what is no value fails later. */
export function kindOf(code: number): JsonKind {
  switch (code) {
    case QUOTE:
      return 'string';
    case OPEN_BRACE:
      return 'object';
    case OPEN_BRACKET:
      return 'array';
    case LOWER_T:
    case LOWER_F:
      return 'boolean';
    case LOWER_N:
      return 'null';
    default:
      return 'number';
  }
}

function isLow(code: number): boolean {
  return code >= 0xdc00 && code < 0xe000;
}

function hexDigit(code: number): number {
  if (code >= ZERO && code <= NINE) return code - ZERO;
  const letter = code | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x61 + 10 : END;
}

function hasTwins(keys: readonly string[]): boolean {
  if (keys.length > FEW_KEYS) return new Set(keys).size < keys.length;
  for (let right = 1; right < keys.length; right += 1) {
    const key = keys[right] ?? '';
    for (let left = 0; left < right; left += 1) {
      const earlier = keys[left] ?? '';
      // Most keys differ in length, which costs nothing to see.
      if (earlier.length === key.length && earlier === key) return true;
    }
  }
  return false;
}
