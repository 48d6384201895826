/**
 * Cuts JSON text into slices without converting a value, so that 12.50 and integers beyond 2^53 are kept as
 * they were sent. Every function expects text that `JSON.parse` has accepted.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * The members of a JSON object, values as raw slices. The last of two equal keys wins.
 *
 * @param text JSON text of an object
 */
export function rawMembers(text: string): Map<string, string> {
  const members = new Map<string, string>();
  eachMember(text, (key, start) => {
    const end = skipValue(text, start);
    members.set(key, text.slice(start, end));
    return end;
  });
  return members;
}

/**
 * The elements of a JSON array as raw slices.
 *
 * @param text JSON text of an array
 */
export function rawElements(text: string): string[] {
  return elementsFrom(text, skipBlanks(text, 0)).elements;
}

/**
 * The elements of every array that is a member of a JSON object, in one pass over the text.
 *
 * @param text JSON text of an object
 */
export function rawArrays(text: string): Map<string, string[]> {
  const arrays = new Map<string, string[]>();
  eachMember(text, (key, start) => {
    if (text.charCodeAt(start) !== OPEN_BRACKET) {
      arrays.delete(key);
      return skipValue(text, start);
    }
    const { elements, end } = elementsFrom(text, start);
    arrays.set(key, elements);
    return end;
  });
  return arrays;
}

/** JSON text of an object with these members. */
export function rawObject(members: Iterable<readonly [key: string, raw: string]>): string {
  return `{${Array.from(members, ([key, raw]) => `${JSON.stringify(key)}:${raw}`).join(',')}}`;
}

/** JSON text of an array with these elements. */
export function rawArray(elements: readonly string[]): string {
  return `[${elements.join(',')}]`;
}

/** What kind of value a raw slice holds. */
export function rawKind(raw: string): 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null' {
  switch (raw.charAt(skipBlanks(raw, 0))) {
    case '{':
      return 'object';
    case '[':
      return 'array';
    case '"':
      return 'string';
    case 't':
    case 'f':
      return 'boolean';
    case 'n':
      return 'null';
    default:
      return 'number';
  }
}

/** The text that a raw slice holds, or undefined where it is not a string. */
export function rawString(raw: string | undefined): string | undefined {
  if (raw === undefined || rawKind(raw) !== 'string') return undefined;
  return JSON.parse(raw) as string;
}

/** Whether two raw values are the same, numbers compared as written. */
export function sameRaw(left: string, right: string): boolean {
  if (left === right) return true;
  return rawKind(left) === 'string' && rawString(left) === rawString(right);
}

/** Calls back with the start of each member's value, and is told its end. */
function eachMember(text: string, visit: (key: string, start: number) => number): void {
  let at = skipBlanks(text, skipBlanks(text, 0) + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACE) {
    const keyEnd = skipString(text, at);
    const colon = skipBlanks(text, keyEnd);
    const end = visit(decodeKey(text, at, keyEnd), skipBlanks(text, colon + 1));
    at = skipBlanks(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipBlanks(text, at + 1);
  }
}

function elementsFrom(text: string, open: number): { elements: string[]; end: number } {
  const elements: string[] = [];
  let at = skipBlanks(text, open + 1);
  while (text.charCodeAt(at) !== CLOSE_BRACKET) {
    const end = skipValue(text, at);
    elements.push(text.slice(at, end));
    at = skipBlanks(text, end);
    if (text.charCodeAt(at) === COMMA) at = skipBlanks(text, at + 1);
  }
  return { elements, end: at + 1 };
}

function decodeKey(text: string, start: number, end: number): string {
  const inner = text.slice(start + 1, end - 1);
  return inner.includes('\\') ? (JSON.parse(text.slice(start, end)) as string) : inner;
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 0x20) at += 1;
  return at;
}

/** @returns the index after the closing quote. */
function skipString(text: string, from: number): number {
  let at = from + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    at += code === BACKSLASH ? 2 : 1;
  }
}

/** @returns the index after the value that begins at `from`. */
function skipValue(text: string, from: number): number {
  const first = text.charCodeAt(from);
  if (first === QUOTE) return skipString(text, from);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipScalar(text, from);
  let depth = 0;
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = skipString(text, at);
      continue;
    }
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth -= 1;
    at += 1;
    if (depth === 0) return at;
  }
}

function skipScalar(text: string, from: number): number {
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code <= 0x20 || code === COMMA || code === CLOSE_BRACE || code === CLOSE_BRACKET) break;
    at += 1;
  }
  return at;
}
