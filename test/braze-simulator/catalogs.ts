/** Catalogs themselves: `GET /catalogs`, `POST /catalogs`, `POST /catalogs/{name}/fields`. */
import { Catalog } from './catalog.ts';
import { catalogNotFound, catalogRefusal } from './catalog-items.ts';
import { FIELD_TYPES } from './control-types.ts';
import type { CatalogDefinition, FieldDefinition, FieldType } from './control-types.ts';
import { refusal } from './endpoint.ts';
import type { Answer, Application, Endpoint } from './endpoint.ts';
import { isArray, isObject } from './json-object.ts';
import type { Workspace } from './workspace.ts';

export const catalogEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: /^\/catalogs$/,
    family: 'catalogs',
    permission: 'catalogs.get',
    decode: () => ({ objects: [], apply: list }),
  },
  {
    method: 'POST',
    path: /^\/catalogs$/,
    family: 'catalogs',
    permission: 'catalogs.create',
    decode: ({ json }) => ({ objects: [], apply: (application) => create(json['catalogs'], application) }),
  },
  {
    method: 'POST',
    path: /^\/catalogs\/([^/]+)\/fields$/,
    family: 'catalog_fields',
    permission: 'catalogs.create_fields',
    decode: ({ json }, name) => ({
      objects: [],
      apply: (application) => addFields(name, json['fields'], application),
    }),
  },
];

/**
 * Makes a catalog, empty, in place of any of that name.
 *
 * @throws RefusedRequest where the definition breaks a rule
 */
export function putCatalog(workspace: Workspace, { name, fields }: CatalogDefinition): void {
  if (!/^[A-Za-z0-9_-]{1,250}$/.test(name)) throw refusal(400, 'the name of the catalog is not valid');
  const [first] = fields;
  if (first?.name !== 'id' || first.type !== 'string')
    throw refusal(400, `the first field must be 'id', a string`);
  if (new Set(fields.map((field) => field.name)).size < fields.length)
    throw refusal(400, 'fields are not unique');
  workspace.catalogs.set(name, new Catalog({ name, fields }, Date.now()));
}

function list({ workspace }: Application): Answer {
  const catalogs = Array.from(workspace.catalogs.values(), (catalog) => ({
    ...catalog.definition,
    num_items: catalog.size,
    updated_at: new Date(catalog.updatedAt).toISOString(),
  }));
  return { status: 200, body: { catalogs, message: 'success' } };
}

function create(catalogs: unknown, { workspace }: Application): Answer {
  const [definition, ...more] = isArray(catalogs) ? catalogs : [];
  if (!isObject(definition) || more.length > 0) throw refusal(400, 'one catalog per request');
  const { name } = definition;
  const fields = readFields(definition['fields']);
  if (typeof name !== 'string' || !fields) throw refusal(400, 'a catalog has a name and fields');
  if (workspace.catalogs.has(name)) throw refusal(400, 'a catalog of that name exists');
  putCatalog(workspace, { name, fields });
  return { status: 201, body: { catalogs: [{ name, fields, num_items: 0 }], message: 'success' } };
}

function addFields(name: string, given: unknown, { workspace }: Application): Answer {
  const catalog = workspace.catalogs.get(name);
  if (!catalog) throw catalogRefusal(404, [catalogNotFound(name)]);
  const fields = readFields(given);
  if (!fields || fields.some((field) => catalog.types.has(field.name)))
    throw refusal(400, 'fields are not valid');
  catalog.addFields(fields);
  return { status: 202, body: { message: 'success' } };
}

function readFields(value: unknown): FieldDefinition[] | undefined {
  if (!isArray(value) || value.length === 0) return undefined;
  const fields = value.flatMap((field) => {
    if (!isObject(field) || typeof field['name'] !== 'string' || !isFieldType(field['type'])) return [];
    return [{ name: field['name'], type: field['type'] }];
  });
  return fields.length === value.length ? fields : undefined;
}

function isFieldType(value: unknown): value is FieldType {
  return FIELD_TYPES.some((type) => type === value);
}
