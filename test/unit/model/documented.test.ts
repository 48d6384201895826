/** The docs and the editors' schema are generated: what has no description there would stand without a word. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { credentialSchema, syncSchema, workspaceSchema } from '../../../model/definitions.ts';
import { warehouseCredentialSchemas } from '../../../model/warehouse-credentials.ts';
import { OTHER_SETTINGS, workerEnvironmentSchema } from '../../../model/settings.ts';

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
  readonly anyOf?: readonly Described[];
  readonly oneOf?: readonly Described[];
}

/** A sentence or several: a part of it that is lost leaves a small first letter or an open end. */
const SENTENCES = /^[\p{Lu}`].*[.)]$/su;

function* options(schema: Described, path: string): Generator<[string, string | undefined]> {
  for (const [name, option] of Object.entries(schema.properties ?? {})) {
    yield [`${path}.${name}`, option.description];
    yield* options(option, `${path}.${name}`);
  }
  for (const branch of [...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]) yield* options(branch, path);
}

const SCHEMAS = {
  workspace: workspaceSchema,
  credential: credentialSchema,
  sync: syncSchema,
  environment: workerEnvironmentSchema,
};

describe.each(Object.entries(SCHEMAS))('%s', (name, schema) => {
  const described = z.toJSONSchema(schema, { io: 'input' }) as Described;

  it.each([...options(described, name)])('%s says what it is', (_path, description) => {
    expect(description).toMatch(SENTENCES);
  });
});

it.each(['workspace', 'credential', 'sync'] as const)('a %s says what it is', (name) => {
  expect(SCHEMAS[name].description).toMatch(SENTENCES);
});

it.each(warehouseCredentialSchemas)('every warehouse says what it is', ({ description }) => {
  expect(description).toMatch(SENTENCES);
});

describe('settings that others than the worker read', () => {
  it.each(OTHER_SETTINGS)('$name is named, says what it is, and has no empty default', (setting) => {
    expect(setting.name).toMatch(/^[A-Z][A-Z_]+(?:, [A-Z][A-Z_]+)*$/);
    expect(setting.doc).toMatch(/^[\p{Lu}`h].*\.$/u);
    expect(setting.default).not.toBe('');
  });

  it('are listed once each, and none that the worker reads', () => {
    const names = OTHER_SETTINGS.flatMap(({ name }) => name.split(', '));
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['CDI_HOME', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE']));
    expect(names.filter((name) => name in workerEnvironmentSchema.shape)).toEqual([]);
  });
});
