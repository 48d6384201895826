/** One option whose value differs between two definitions. */
export interface FieldChange {
  /** Such as `schedule.every`. */
  readonly path: string;
  /** As text; undefined where the option was or is absent. */
  readonly before?: string;
  readonly after?: string;
}

/** @returns the options that differ, in alphabetical order of their paths; lists are compared as a whole */
export function fieldChanges(before: object, after: object): FieldChange[] {
  const [old, present] = [flatten(before), flatten(after)];
  return [...new Set([...old.keys(), ...present.keys()])]
    .filter((path) => old.get(path) !== present.get(path))
    .sort()
    .map((path) => {
      const [was, is] = [old.get(path), present.get(path)];
      return {
        path,
        ...(was === undefined ? {} : { before: was }),
        ...(is === undefined ? {} : { after: is }),
      };
    });
}

function flatten(value: object, prefix = ''): Map<string, string> {
  const fields = new Map<string, string>();
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    if (member === undefined) continue;
    const path = prefix + key;
    if (typeof member === 'object' && member !== null && !Array.isArray(member)) {
      for (const [inner, text] of flatten(member, `${path}.`)) fields.set(inner, text);
    } else {
      fields.set(path, typeof member === 'string' ? member : JSON.stringify(member));
    }
  }
  return fields;
}
