/** What becomes of one attribute when a value for it arrives. Values are raw JSON text throughout. */
import { isArray, isObject } from './json-object.ts';
import { rawArray, rawElements, rawKind, rawMembers, rawObject, rawString, sameRaw } from './raw-json.ts';
import { isTime } from './time-forms.ts';

export interface AttributeRules {
  /** `_merge_objects` of the object that brings the value. */
  readonly mergeObjects: boolean;
  /** Elements of a simple array. */
  readonly arrayElements: number;
}

/** Either the new value (undefined: cleared), or why the given one is dropped without an error. */
export type NewValue = { readonly value: string | undefined } | { readonly dropped: string };

const MAX_TEXT = 255;
const MAX_OBJECT_BYTES = 100_000;

/**
 * @param current JSON text held now, or undefined
 * @param given JSON text that arrives: a value or an operator
 */
export function newValue(current: string | undefined, given: string, rules: AttributeRules): NewValue {
  switch (rawKind(given)) {
    case 'null':
      return { value: undefined };
    case 'string':
      return (rawString(given) ?? '').length > MAX_TEXT ? { dropped: 'value_too_long' } : { value: given };
    case 'array':
      return newArray(given, rules);
    case 'object':
      return newObject(current, given, rules);
    default:
      return { value: given };
  }
}

function newArray(given: string, rules: AttributeRules): NewValue {
  const elements = rawElements(given);
  if (elements.some((element) => rawKind(element) === 'object')) return checkedNested(given);
  if (elements.length > rules.arrayElements) return { dropped: 'array_over_limit' };
  if (elements.some((element) => (rawString(element) ?? '').length > MAX_TEXT))
    return { dropped: 'value_too_long' };
  return { value: given };
}

function newObject(current: string | undefined, given: string, rules: AttributeRules): NewValue {
  const members = rawMembers(given);
  const step = members.get('inc');
  if (members.size === 1 && step !== undefined && rawKind(step) === 'number') return stepped(current, step);
  if (isArrayOperator(members)) return changedArray(current, members, rules);
  if (members.has('$add') || members.has('$remove') || members.has('$update')) {
    return changedObjectArray(current, members, rules);
  }
  const merges = rules.mergeObjects && current !== undefined && rawKind(current) === 'object';
  return checkedNested(merges ? mergedObject(current, given) : given);
}

/** `{"inc": n}`: exact for integers of any size. */
function stepped(current: string | undefined, step: string): NewValue {
  if (current === undefined) return { value: step };
  if (rawKind(current) !== 'number') return { dropped: 'inc_on_other_type' };
  const integer = /^-?\d+$/;
  if (integer.test(current) && integer.test(step)) return { value: String(BigInt(current) + BigInt(step)) };
  return { value: String(Number(current) + Number(step)) };
}

function isArrayOperator(members: ReadonlyMap<string, string>): boolean {
  for (const [key, raw] of members) {
    if ((key !== 'add' && key !== 'remove') || rawKind(raw) !== 'array') return false;
  }
  return members.size > 0;
}

/** `{"add": [..]}` and `{"remove": [..]}` on an array of distinct plain values. */
function changedArray(
  current: string | undefined,
  operators: ReadonlyMap<string, string>,
  rules: AttributeRules,
): NewValue {
  if (current !== undefined && rawKind(current) !== 'array')
    return { dropped: 'array_operator_on_other_type' };
  const elements = current === undefined ? [] : rawElements(current);
  for (const added of rawElements(operators.get('add') ?? '[]')) {
    if (!elements.some((element) => sameRaw(element, added))) elements.push(added);
  }
  const removed = rawElements(operators.get('remove') ?? '[]');
  const left = elements.filter((element) => !removed.some((other) => sameRaw(element, other)));
  return newArray(rawArray(left), rules);
}

/** `$add`, `$remove`, `$update` on an array of objects, always in this order. */
function changedObjectArray(
  current: string | undefined,
  operators: ReadonlyMap<string, string>,
  rules: AttributeRules,
): NewValue {
  if (current !== undefined && rawKind(current) !== 'array')
    return { dropped: 'array_operator_on_other_type' };
  const listed = (name: string): string[] => rawElements(operators.get(name) ?? '[]');
  let elements = [...(current === undefined ? [] : rawElements(current)), ...listed('$add')];
  for (const removal of listed('$remove')) {
    const isNamed = namedBy(removal);
    elements = elements.filter((element) => !isNamed(element));
  }
  for (const update of listed('$update')) {
    const isNamed = namedBy(update);
    const changed = rawMembers(update).get('$new_object') ?? '{}';
    elements = elements.map((element) => {
      if (!isNamed(element)) return element;
      return rules.mergeObjects ? mergedObject(element, changed) : changed;
    });
  }
  return checkedNested(rawArray(elements));
}

function namedBy(operator: string): (element: string) => boolean {
  const members = rawMembers(operator);
  const key = rawString(members.get('$identifier_key'));
  const value = members.get('$identifier_value');
  return (element) => {
    const held = key === undefined ? undefined : rawMembers(element).get(key);
    return held !== undefined && value !== undefined && sameRaw(held, value);
  };
}

/** Members of the later object over those of the earlier one; objects within are merged likewise. */
function mergedObject(earlier: string, later: string): string {
  const members = rawMembers(earlier);
  for (const [key, raw] of rawMembers(later)) {
    const held = members.get(key);
    const both = held !== undefined && rawKind(held) === 'object' && rawKind(raw) === 'object';
    members.set(key, both ? mergedObject(held, raw) : raw);
  }
  return rawObject(members);
}

/** An object or an array of objects is dropped whole where a rule for nested values is broken. */
function checkedNested(raw: string): NewValue {
  if (Buffer.byteLength(raw) > MAX_OBJECT_BYTES) return { dropped: 'object_too_large' };
  const broken = brokenNestedRule(JSON.parse(raw));
  return broken === undefined ? { value: raw } : { dropped: broken };
}

function brokenNestedRule(value: unknown): string | undefined {
  if (typeof value === 'string') return value.length > MAX_TEXT ? 'value_too_long' : undefined;
  if (isArray(value)) return firstBroken(value, brokenNestedRule);
  if (!isObject(value)) return undefined;
  return firstBroken(Object.entries(value), ([key, inner]) => {
    if (key === '$time')
      return typeof inner === 'string' && isTime(inner) ? undefined : 'invalid_nested_time';
    if (key.length > MAX_TEXT || /[.$ ]/.test(key)) return 'invalid_nested_key';
    return brokenNestedRule(inner);
  });
}

function firstBroken<T>(values: readonly T[], rule: (value: T) => string | undefined): string | undefined {
  for (const value of values) {
    const broken = rule(value);
    if (broken !== undefined) return broken;
  }
  return undefined;
}
