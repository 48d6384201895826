/**
 * Numbers that stand for users, so that order can be kept without their identifiers. Equal identities give equal
 * numbers. Two users that share one are merely kept in order with each other, so 30 bits are plenty; they stay small
 * integers for the engine.
 */

const SEED = 0x811c_9dc5;
const PRIME = 0x0100_0193;

/** @param identity see `ComposedObject` */
export function userNumber(identity: string): number {
  let state = SEED;
  for (let index = 0; index < identity.length; index += 1) state = mix(state, identity.charCodeAt(index));
  return finish(state);
}

/** The state after the beginning of an identity, to go on from with `mix` and `finish`. */
export function startedWith(prefix: string): number {
  let state = SEED;
  for (let index = 0; index < prefix.length; index += 1) state = mix(state, prefix.charCodeAt(index));
  return state;
}

/** @param code the next UTF-16 code unit */
export function mix(state: number, code: number): number {
  return Math.imul(state ^ code, PRIME);
}

export function finish(state: number): number {
  let number = Math.imul(state ^ (state >>> 16), 0x85eb_ca6b);
  number = Math.imul(number ^ (number >>> 13), 0xc2b2_ae35);
  return (number ^ (number >>> 16)) >>> 2;
}
