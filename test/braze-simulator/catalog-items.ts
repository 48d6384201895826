/** The asynchronous endpoints of catalog items: `POST`, `PUT`, `PATCH` and `DELETE /catalogs/{name}/items`. */
import type { Catalog } from './catalog.ts';
import { idError, valueError } from './catalog-item-rules.ts';
import type { ItemErrorId } from './catalog-item-rules.ts';
import type { ObjectKind, Permission } from './control-types.ts';
import { RefusedRequest } from './endpoint.ts';
import type {
  Answer,
  Application,
  DecodedRequest,
  Endpoint,
  IncomingObject,
  RequestBody,
} from './endpoint.ts';
import { isArray, isObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';
import { rawArrays, rawMembers } from './raw-json.ts';

const MAX_ITEMS = 50;
const PATH = /^\/catalogs\/([^/]+)\/items$/;

type ItemMethod = 'POST' | 'PUT' | 'PATCH' | 'DELETE';

const PERMISSIONS: Record<ItemMethod, Permission> = {
  POST: 'catalogs.add_items',
  PUT: 'catalogs.replace_items',
  PATCH: 'catalogs.update_items',
  DELETE: 'catalogs.delete_items',
};

export const catalogItemEndpoints: readonly Endpoint[] = (['POST', 'PUT', 'PATCH', 'DELETE'] as const).map(
  (method) => ({
    method,
    path: PATH,
    family: 'catalog_items',
    permission: PERMISSIONS[method],
    decode: (body, name) => decode(method, body, name),
  }),
);

interface Item extends IncomingObject {
  readonly json: unknown;
  readonly id: unknown;
}

interface CatalogError {
  readonly id: string;
  readonly message: string;
  readonly parameters: readonly string[];
  readonly parameter_values: readonly unknown[];
}

function decode(method: ItemMethod, body: RequestBody, catalog: string): DecodedRequest {
  const values = body.json['items'];
  const slices = rawArrays(body.text).get('items') ?? [];
  const items = isArray(values)
    ? values.map((json, index) => readItem(method, catalog, json, slices[index] ?? ''))
    : [];
  return { objects: items, apply: (application) => apply(method, catalog, items, application) };
}

function readItem(method: ItemMethod, catalog: string, json: unknown, text: string): Item {
  const id = isObject(json) ? json['id'] : undefined;
  const identity = typeof id === 'string' && id !== '' ? `catalog_item:${catalog}/${id}` : '';
  return { kind: kindOf(method), identity, lane: identity, json, id, text };
}

function kindOf(method: ItemMethod): ObjectKind {
  return method === 'DELETE' ? 'catalog_deletes' : 'catalog_items';
}

/** A request is taken or refused whole; a refusal names the items at fault. */
function apply(method: ItemMethod, name: string, items: readonly Item[], application: Application): Answer {
  const { workspace, refuses } = application;
  const catalog = workspace.catalogs.get(name);
  if (!catalog) throw catalogRefusal(404, [catalogNotFound(name)]);
  if (items.length === 0)
    throw catalogRefusal(400, [listError('item-array-invalid', 'items must be an array of objects')]);
  if (items.length > MAX_ITEMS) {
    throw catalogRefusal(400, [
      listError('request-includes-too-many-items', `at most ${MAX_ITEMS} items are allowed`),
    ]);
  }
  const errors = itemErrors(method, catalog, items, refuses);
  if (errors.length > 0) throw catalogRefusal(400, errors);
  for (const item of items) {
    if (!applyItem(method, catalog, String(item.id), item.text))
      workspace.drop(`catalog_item_${method}_without_effect`);
  }
  catalog.updatedAt = Date.now();
  return { status: 202, body: { message: 'success' }, applied: { [kindOf(method)]: items.length } };
}

/** @returns whether the item was touched: without an error, POST leaves known ids alone, PATCH and DELETE unknown ones. */
function applyItem(method: ItemMethod, catalog: Catalog, id: string, text: string): boolean {
  const known = catalog.has(id);
  if (method === 'DELETE') return catalog.delete(id);
  if (method === 'POST' ? known : method === 'PATCH' && !known) return false;
  const fields = rawMembers(text);
  fields.delete('id');
  if (method === 'PATCH') catalog.edit(id, fields);
  else catalog.replace(id, fields);
  return true;
}

/** One error per error id, with the ids of all items at fault. */
function itemErrors(
  method: ItemMethod,
  catalog: Catalog,
  items: readonly Item[],
  refuses: (text: string) => boolean,
): CatalogError[] {
  const faults = new Map<ItemErrorId, Set<unknown>>();
  const seen = new Set<unknown>();
  for (const item of items) {
    const found = new Set(oneItemErrors(method, catalog, item));
    if (seen.has(item.id)) found.add('ids-not-unique');
    if (refuses(item.text)) found.add('invalid-fields');
    seen.add(item.id);
    for (const error of found) faults.set(error, (faults.get(error) ?? new Set()).add(item.id));
  }
  return Array.from(faults, ([id, ids]) => {
    const values = Array.from(ids).filter((value) => value !== undefined);
    return {
      id,
      message: `Items break the rule ${id}`,
      parameters: values.map(() => 'id'),
      parameter_values: values,
    };
  });
}

function oneItemErrors(method: ItemMethod, catalog: Catalog, { json, id, text }: Item): ItemErrorId[] {
  if (!isObject(json)) return ['item-array-invalid'];
  const wrongId = idError(id);
  const wrongValues = method === 'DELETE' ? [] : valueErrors(method, catalog, json, text);
  return wrongId === undefined ? wrongValues : [wrongId, ...wrongValues];
}

/** An item is created with all fields of its catalog. */
function valueErrors(method: ItemMethod, catalog: Catalog, json: JsonObject, text: string): ItemErrorId[] {
  const incomplete =
    method === 'POST' && Array.from(catalog.types.keys()).some((name) => json[name] === undefined);
  const wrong = Array.from(rawMembers(text)).flatMap(([name, raw]) => {
    if (name === 'id') return [];
    return valueError(catalog.types.get(name), json[name], raw, method === 'PATCH') ?? [];
  });
  return incomplete ? ['invalid-fields', ...wrong] : wrong;
}

export function catalogRefusal(status: number, errors: readonly CatalogError[]): RefusedRequest {
  return new RefusedRequest(status, { errors, message: 'Invalid Request' });
}

export function catalogNotFound(name: string): CatalogError {
  return {
    id: 'catalog-not-found',
    message: 'Could not find catalog',
    parameters: ['catalog_name'],
    parameter_values: [name],
  };
}

function listError(id: string, message: string): CatalogError {
  return { id, message, parameters: [], parameter_values: [] };
}
