/** Finds the users that several objects name, with one small table instead of a list per user. */

interface OfUser {
  /** Equal for equal users. */
  readonly user: number;
}

/**
 * @returns the objects in the order of their users' first ones: alone, or as a list where several share a number
 */
export function* repeatedUsers<O extends OfUser>(objects: readonly O[]): Generator<O | O[]> {
  const firsts = firstOfEachUser(objects);
  const groups = new Map<number, O[]>();
  for (const [index, object] of objects.entries()) {
    const first = firsts[index] ?? index;
    if (first === index) continue;
    const group = groups.get(first);
    if (group) group.push(object);
    else groups.set(first, [...objects.slice(first, first + 1), object]);
  }
  for (const [index, object] of objects.entries()) {
    if (firsts[index] === index) yield groups.get(index) ?? object;
  }
}

/** @returns for each object the index of the first one of its user */
export function firstOfEachUser(objects: readonly OfUser[]): Int32Array {
  const firsts = new Int32Array(objects.length);
  let capacity = 16;
  while (capacity < objects.length * 2) capacity *= 2;
  /** Indexes of first objects, one higher so that 0 is free, at the places that their numbers hash to. */
  const table = new Int32Array(capacity);
  for (const [index, { user }] of objects.entries()) {
    let slot = user & (capacity - 1);
    for (;;) {
      const first = (table[slot] ?? 0) - 1;
      if (first < 0) table[slot] = index + 1;
      if (first < 0 || objects[first]?.user === user) {
        firsts[index] = first < 0 ? index : first;
        break;
      }
      slot = (slot + 1) & (capacity - 1);
    }
  }
  return firsts;
}
