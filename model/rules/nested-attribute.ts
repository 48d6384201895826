/**
 * Objects and arrays of objects as attribute values. Source: the reference, section 1.6 (nested attributes,
 * arrays of objects). Braze drops a nested update that breaks these limits and reports success, so the row is
 * rejected where it can be seen.
 */
import type { RejectionCode } from '../rejection.ts';
import { exceedsUtf8 } from '../utf8-length.ts';
import { isLongerThan } from './character-limit.ts';
import { isNestedTime } from './times.ts';

export interface NestedFindings {
  readonly flaw?: RejectionCode;
  /** Whether it changes what a profile holds rather than replacing it. */
  readonly operator: boolean;
}

const MAX_NESTED_BYTES = 102_400;
const MAX_CHARACTERS = 255;
const TIME = '$time';
export const NESTED_OPERATORS = new Set(['inc', 'add', 'remove', '$add', '$remove', '$update']);
/** The only keys that may begin with a dollar sign. */
const DOLLAR_KEYS = new Set([
  TIME,
  '$add',
  '$remove',
  '$update',
  '$identifier_key',
  '$identifier_value',
  '$new_object',
]);

/**
 * Inspects the value of a custom attribute.
 *
 * @param json an object or array, as written
 */
export function inspectNested(json: string): NestedFindings {
  // Parsed to look at only: what is sent is the text.
  const value = JSON.parse(json) as unknown;
  const findings = new Inspection();
  if (Array.isArray(value)) {
    const objects = value.filter(isObject);
    for (const object of objects) findings.object(object);
    if (objects.length > 0) findings.size(json);
  } else if (isObject(value)) {
    if (isStep(value)) return { operator: true };
    findings.object(value);
    findings.size(json);
  }
  return findings;
}

/** `{"inc":1}`, `{"add":["a"]}` or `{"remove":["a"]}`: a step of a plain number or array, which is no nested attribute. */
function isStep(value: Readonly<Record<string, unknown>>): boolean {
  const { inc, add, remove } = value;
  const steps = Object.keys(value);
  if (steps.length === 0) return false;
  return (
    steps.every((key) => key === 'inc' || key === 'add' || key === 'remove') &&
    (inc === undefined || typeof inc === 'number') &&
    [add, remove].every((list) => list === undefined || (Array.isArray(list) && !list.some(isObject)))
  );
}

class Inspection {
  flaw?: RejectionCode;
  operator = false;

  size(json: string): void {
    if (exceedsUtf8(json, MAX_NESTED_BYTES)) this.flaw ??= 'nested_too_large';
  }

  object(object: Readonly<Record<string, unknown>>): void {
    for (const key of Object.keys(object)) {
      const value = object[key];
      if (NESTED_OPERATORS.has(key)) this.operator = true;
      if (!isNestedKey(key)) this.flaw ??= 'nested_key_invalid';
      if (key === TIME && !(typeof value === 'string' && isNestedTime(value)))
        this.flaw ??= 'nested_time_invalid';
      this.#value(value);
    }
  }

  #value(value: unknown): void {
    if (typeof value === 'string') {
      if (isLongerThan(value, MAX_CHARACTERS)) this.flaw ??= 'nested_value_too_long';
    } else if (Array.isArray(value)) {
      for (const element of value) this.#value(element);
    } else if (isObject(value)) this.object(value);
  }
}

function isNestedKey(key: string): boolean {
  return (!/[ .$]/.test(key) || DOLLAR_KEYS.has(key)) && !isLongerThan(key, MAX_CHARACTERS);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
