/** What an answer of Braze means for the objects of its request. Pure. Source: Braze API pages and observed shapes. */
import { type CdiError, CdiError as Failure } from '../../model/errors.ts';
import type { BrazeAnswer } from './client.ts';
import type { Endpoint } from './endpoints.ts';

export interface RefusedObject {
  /** Position of the object in the request as sent. */
  readonly index: number;
  readonly code: string;
  readonly reason: string;
}

export type Interpretation =
  /** Taken; the objects listed were refused, the others are queued. Of `unplaced` errors it is not known whom they mean. */
  | {
      readonly kind: 'accepted';
      readonly refused: readonly RefusedObject[];
      readonly unplaced: readonly string[];
    }
  /** Nothing was taken. The objects listed are to blame; where none is, the request has to be divided to find out. */
  | {
      readonly kind: 'refused';
      readonly refused: readonly RefusedObject[];
      readonly reason: string;
      readonly code: string;
    }
  | { readonly kind: 'too_large' }
  /** Undefined where Braze does not say for how long, or names a time that has passed. */
  | { readonly kind: 'rate_limited'; readonly waitMs: number | undefined }
  /** Whether it was taken is not known. */
  | { readonly kind: 'unavailable'; readonly status: number }
  | { readonly kind: 'stop'; readonly error: CdiError };

const LONGEST_WAIT_MS = 3_600_000;
const SHORTEST_WAIT_MS = 50;
/** What `message` says where everything was taken. */
const TAKEN = new Set(['', 'success', 'queued']);
/** Values of X-RateLimit-Reset below this are seconds to wait, above it a point in time. */
const EPOCH_SECONDS = 1e9;

/**
 * @param ids the catalog item ids of the request in order, to find those that an error names; else empty
 * @param nowMs present time in epoch milliseconds
 */
export function interpret(
  endpoint: Endpoint,
  answer: BrazeAnswer,
  objects: number,
  ids: () => readonly string[],
  nowMs: number,
): Interpretation {
  const { status } = answer;
  const body = parse(answer.body);
  if (status >= 200 && status < 300) {
    const { named, unplaced } = objectErrors(endpoint, body, objects);
    return { kind: 'accepted', refused: named, unplaced };
  }
  if (status === 429) return { kind: 'rate_limited', waitMs: waitOf(answer, nowMs) };
  if (status === 413) return { kind: 'too_large' };
  if (endpoint.family === 'catalog_items' && status >= 400 && status < 500 && isCatalogUnknown(body))
    return stop('catalog_missing', 'Braze knows no catalog of this name', status);
  if (status === 401) return stop('braze_unauthorized', 'Braze refused the API key', status);
  if (status === 403)
    return stop('braze_forbidden', 'The API key lacks the permission for this request', status);
  if (status === 404) {
    return endpoint.family === 'catalog_items'
      ? stop('catalog_missing', 'Braze knows no catalog of this name', status)
      : stop('braze_not_found', 'Braze knows no such address', status);
  }
  if (status === 402 || status === 507 || (endpoint.family === 'catalog_items' && isStorageFull(body))) {
    return stop('catalog_full', 'The storage tier of the catalogs is used up', status);
  }
  if (status >= 400 && status < 500) {
    const refused =
      endpoint.family === 'catalog_items'
        ? namedItems(body, ids())
        : objectErrors(endpoint, body, objects).named;
    const message = textOf(body['message']) || `status ${status}`;
    return { kind: 'refused', refused, code: codeOf(message), reason: reasonOf(message) };
  }
  return { kind: 'unavailable', status };
}

/**
 * Milliseconds until a limit ends, by whichever header Braze sent.
 *
 * @returns undefined where none says so, or the time that it names has passed: the clocks may differ
 */
export function waitOf(answer: BrazeAnswer, nowMs: number): number | undefined {
  const retryAfter = header(answer, 'x-ratelimit-retry-after') ?? header(answer, 'retry-after');
  if (retryAfter !== undefined) return bounded(retryAfter * 1_000);
  const reset = header(answer, 'x-ratelimit-reset');
  if (reset === undefined) return undefined;
  return bounded(reset < EPOCH_SECONDS ? reset * 1_000 : reset * 1_000 - nowMs);
}

/** The numeric value of a header, or undefined. */
export function header(answer: BrazeAnswer, name: string): number | undefined {
  const value = answer.headers[name];
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined || text.trim() === '') return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

const bounded = (ms: number): number | undefined =>
  ms <= 0 ? undefined : Math.min(Math.max(ms, SHORTEST_WAIT_MS), LONGEST_WAIT_MS);

function stop(
  type: 'braze_unauthorized' | 'braze_forbidden' | 'braze_not_found' | 'catalog_missing' | 'catalog_full',
  what: string,
  status: number,
): Interpretation {
  return {
    kind: 'stop',
    error: new Failure(type, `${what} (HTTP ${status}).`, { vendorCode: String(status) }),
  };
}

/**
 * `errors: [{type, input_array, index}]` of the track endpoints. Several may name one object; the first stands. Braze does not
 * document the shape of an item, so an item that names no object is not unheard of.
 */
function objectErrors(
  endpoint: Endpoint,
  body: Record<string, unknown>,
  objects: number,
): { named: RefusedObject[]; unplaced: string[] } {
  const named = new Map<number, RefusedObject>();
  const unplaced = TAKEN.has(textOf(body['message']).toLowerCase())
    ? []
    : [plainCode(textOf(body['message']))];
  for (const item of arrayOf(body['errors'])) {
    const { index, input_array: array, type } = item;
    const isNamed =
      typeof index === 'number' &&
      Number.isInteger(index) &&
      index >= 0 &&
      index < objects &&
      (typeof array !== 'string' || endpoint.open.startsWith(`{"${array}"`));
    if (!isNamed) unplaced.push(plainCode(textOf(type)));
    else if (!named.has(index)) {
      const text = textOf(type) || 'no reason given';
      named.set(index, { index, code: codeOf(text), reason: reasonOf(text) });
    }
  }
  return { named: [...named.values()], unplaced };
}

/** Braze's own code, or a word for a text, which may quote a row. */
const plainCode = (text: string): string => (/^[A-Z][A-Z_]{2,60}$/.test(text) ? text : 'no code');

/** `errors: [{id, message, parameters, parameter_values}]` of the catalog endpoints; the values name item ids. */
function namedItems(body: Record<string, unknown>, ids: readonly string[]): RefusedObject[] {
  const positions = new Map(ids.map((id, index) => [id, index]));
  const found = new Map<number, RefusedObject>();
  for (const item of arrayOf(body['errors'])) {
    const values = Array.isArray(item['parameter_values']) ? (item['parameter_values'] as unknown[]) : [];
    for (const value of values) {
      const index = typeof value === 'string' ? positions.get(value) : undefined;
      if (index === undefined || found.has(index)) continue;
      const text = textOf(item['id']) || 'no reason given';
      found.set(index, { index, code: codeOf(text), reason: reasonOf(textOf(item['message']) || text) });
    }
  }
  return [...found.values()];
}

function isCatalogUnknown(body: Record<string, unknown>): boolean {
  return arrayOf(body['errors']).some(({ id }) => id === 'catalog-not-found');
}

function isStorageFull(body: Record<string, unknown>): boolean {
  const texts = [textOf(body['message']), ...arrayOf(body['errors']).map((item) => textOf(item['id']))];
  return texts.some((text) => /storage|tier[- _]?(full|limit)|catalog-full/i.test(text));
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function arrayOf(value: unknown): Record<string, unknown>[] {
  if (!Array.isArray(value)) return [];
  return value.map((item: unknown) =>
    typeof item === 'object' && item !== null ? (item as Record<string, unknown>) : { type: item },
  );
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A stable code out of Braze's own text. */
export function codeOf(text: string): string {
  const slug = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replaceAll(/^_+|_+$/g, '')
    .slice(0, 60);
  return `braze_${slug || 'refused'}`;
}

const reasonOf = (text: string): string => `Braze refused the row: ${text.slice(0, 200)}`;
