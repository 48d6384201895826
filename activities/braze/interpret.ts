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
  /** Taken; the objects listed were refused, the others are queued. */
  | { readonly kind: 'accepted'; readonly refused: readonly RefusedObject[] }
  /** Nothing was taken. The objects listed are to blame; where none is, the request has to be divided to find out. */
  | {
      readonly kind: 'refused';
      readonly refused: readonly RefusedObject[];
      readonly reason: string;
      readonly code: string;
    }
  | { readonly kind: 'too_large' }
  | { readonly kind: 'rate_limited'; readonly waitMs: number }
  /** Whether it was taken is not known. */
  | { readonly kind: 'unavailable'; readonly status: number }
  | { readonly kind: 'stop'; readonly error: CdiError };

const LONGEST_WAIT_MS = 3_600_000;
const WAIT_WITHOUT_HINT_MS = 1_000;
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
    return { kind: 'accepted', refused: namedObjects(endpoint, body, objects) };
  }
  if (status === 429) return { kind: 'rate_limited', waitMs: waitOf(answer, nowMs) };
  if (status === 413) return { kind: 'too_large' };
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
      endpoint.family === 'catalog_items' ? namedItems(body, ids()) : namedObjects(endpoint, body, objects);
    const message = textOf(body['message']) || `status ${status}`;
    return { kind: 'refused', refused, code: codeOf(message), reason: reasonOf(message) };
  }
  return { kind: 'unavailable', status };
}

/** Seconds until a limit ends, by whichever header Braze sent. */
export function waitOf(answer: BrazeAnswer, nowMs: number): number {
  const retryAfter = header(answer, 'x-ratelimit-retry-after') ?? header(answer, 'retry-after');
  if (retryAfter !== undefined) return bounded(retryAfter * 1_000);
  const reset = header(answer, 'x-ratelimit-reset');
  if (reset !== undefined) return bounded(reset < EPOCH_SECONDS ? reset * 1_000 : reset * 1_000 - nowMs);
  return WAIT_WITHOUT_HINT_MS;
}

/** The numeric value of a header, or undefined. */
export function header(answer: BrazeAnswer, name: string): number | undefined {
  const value = answer.headers[name];
  const text = Array.isArray(value) ? value[0] : value;
  if (text === undefined || text.trim() === '') return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

const bounded = (ms: number): number => Math.min(Math.max(ms, 50), LONGEST_WAIT_MS);

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

/** `errors: [{type, input_array, index}]` of the track endpoints. Several may name one object; the first stands. */
function namedObjects(endpoint: Endpoint, body: Record<string, unknown>, objects: number): RefusedObject[] {
  const found = new Map<number, RefusedObject>();
  for (const item of arrayOf(body['errors'])) {
    const { index, input_array: array, type } = item;
    if (
      typeof index !== 'number' ||
      !Number.isInteger(index) ||
      index < 0 ||
      index >= objects ||
      found.has(index)
    )
      continue;
    if (typeof array === 'string' && !endpoint.open.startsWith(`{"${array}"`)) continue;
    const text = textOf(type) || 'no reason given';
    found.set(index, { index, code: codeOf(text), reason: reasonOf(text) });
  }
  return [...found.values()];
}

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
