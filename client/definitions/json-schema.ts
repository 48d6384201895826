/** The schemas of the definitions as plain data, for messages, docs and editors. */
import { z } from 'zod';
import { credentialSchema, syncSchema, workspaceSchema } from '../../model/definitions.ts';

export const DEFINITION_SCHEMAS = {
  workspace: workspaceSchema,
  credential: credentialSchema,
  sync: syncSchema,
} as const;
export type DefinitionKind = keyof typeof DEFINITION_SCHEMAS;
export const DEFINITION_KINDS = Object.keys(DEFINITION_SCHEMAS) as DefinitionKind[];

/** The parts of JSON Schema that the definitions use. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly pattern?: string;
  readonly format?: string;
}

/** @returns what may be written in a file of this kind, before defaults are filled in */
export function jsonSchemaOf(kind: DefinitionKind): JsonSchema {
  return z.toJSONSchema(DEFINITION_SCHEMAS[kind], { io: 'input' }) as JsonSchema;
}

/**
 * The alternatives that a value may still mean: those whose constants (`warehouse: redshift`) do not contradict it.
 */
export function alternatives(schema: JsonSchema, value: unknown): JsonSchema[] {
  const branches = schema.anyOf ?? schema.oneOf;
  if (!branches) return [schema];
  return branches
    .flatMap((branch) => alternatives(branch, value))
    .filter((branch) =>
      Object.entries(branch.properties ?? {}).every(([key, property]) => {
        const given = memberOf(value, key);
        return property.const === undefined || given === undefined || given === property.const;
      }),
    );
}

/** The schemas that describe the value at a path, each with the alternatives the value leaves open. */
export function schemasAt(schema: JsonSchema, value: unknown, path: readonly PropertyKey[]): JsonSchema[] {
  const [key, ...rest] = path;
  if (key === undefined) return [schema];
  return alternatives(schema, value)
    .flatMap((branch) => (typeof key === 'number' ? branch.items : branch.properties?.[String(key)]) ?? [])
    .flatMap((next) => schemasAt(next, memberOf(value, key), rest));
}

/** A member of a mapping or a sequence; undefined where there is none. */
export function memberOf(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
  return Reflect.get(value, key);
}
