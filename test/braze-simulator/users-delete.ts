/** `POST /users/delete`. */
import { refusal } from './endpoint.ts';
import type {
  Answer,
  Application,
  DecodedRequest,
  Endpoint,
  IncomingObject,
  RequestBody,
} from './endpoint.ts';
import { identityOf, isEmail, readAlias } from './identifier.ts';
import type { Identifier } from './identifier.ts';
import { isArray, isObject, isText } from './json-object.ts';
import { rawArrays } from './raw-json.ts';

const MAX_IDS = 50;

type IdKind = 'external_ids' | 'user_aliases' | 'braze_ids' | 'email_addresses' | 'phone_numbers';

const READERS: Record<IdKind, (value: unknown) => Identifier | undefined> = {
  external_ids: (value) => (isText(value) ? { kind: 'external_id', value } : undefined),
  user_aliases: (value) => {
    const alias = readAlias(value);
    return alias && { kind: 'user_alias', value: alias };
  },
  braze_ids: (value) => (isText(value) ? { kind: 'braze_id', value } : undefined),
  email_addresses: (value) =>
    isObject(value) && isEmail(value['email']) ? { kind: 'email', value: value['email'] } : undefined,
  phone_numbers: (value) =>
    isObject(value) && isText(value['phone']) ? { kind: 'phone', value: value['phone'] } : undefined,
};

export const usersDeleteEndpoint: Endpoint = {
  method: 'POST',
  path: /^\/users\/delete$/,
  family: 'users',
  permission: 'users.delete',
  decode,
};

interface Deletion extends IncomingObject {
  readonly identifier: Identifier | undefined;
}

function decode(body: RequestBody): DecodedRequest {
  const kinds = (Object.keys(READERS) as IdKind[]).filter((kind) => body.json[kind] !== undefined);
  const slices = rawArrays(body.text);
  const deletions = kinds.flatMap((kind) => {
    const values = body.json[kind];
    if (!isArray(values)) throw refusal(400, `'${kind}' must be an array`);
    return values.map((value, index) => readDeletion(READERS[kind](value), slices.get(kind)?.[index] ?? ''));
  });
  return { objects: deletions, apply: (application) => apply(kinds, deletions, application) };
}

function readDeletion(identifier: Identifier | undefined, text: string): Deletion {
  const identity = identifier ? identityOf(identifier) : '';
  return { kind: 'user_deletes', identity, lane: `user_deletes ${identity}`, text, identifier };
}

/** Nothing is said about single ids: a request is taken or refused whole. */
function apply(
  kinds: readonly IdKind[],
  deletions: readonly Deletion[],
  { workspace, seq, refuses }: Application,
): Answer {
  if (kinds.length !== 1) throw refusal(400, 'exactly one kind of identifier is allowed in a request');
  if (deletions.length === 0) throw refusal(400, 'at least one identifier is required');
  if (deletions.length > MAX_IDS) {
    throw refusal(400, 'The max number of external_ids and aliases per request was exceeded');
  }
  const identifiers = deletions.flatMap(({ identifier, text }) => (refuses(text) ? [] : (identifier ?? [])));
  if (identifiers.length < deletions.length) throw refusal(400, 'an identifier is not valid');
  for (const identifier of identifiers) {
    const profile = workspace.profiles.find(identifier);
    if (profile) workspace.profiles.remove(profile);
    workspace.deletes.push({ identity: identityOf(identifier), request: seq, found: profile !== undefined });
  }
  const deleted = identifiers.length;
  return { status: 201, body: { deleted }, applied: { user_deletes: deleted } };
}
