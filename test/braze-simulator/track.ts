/** `POST /users/track`: attributes, events and purchases. */
import { newValue } from './attribute-values.ts';
import { RefusedRequest, refusal } from './endpoint.ts';
import type {
  Answer,
  Application,
  DecodedRequest,
  Endpoint,
  IncomingObject,
  RequestBody,
} from './endpoint.ts';
import { identityOf, readIdentifier } from './identifier.ts';
import type { Identifier } from './identifier.ts';
import { isArray, isObject } from './json-object.ts';
import type { JsonObject } from './json-object.ts';
import type { Profile } from './profiles.ts';
import { rawArrays, rawMembers } from './raw-json.ts';
import { CONTROL_MEMBERS, TRACK_ARRAYS, objectErrors } from './track-rules.ts';
import type { TrackArray } from './track-rules.ts';
import type { Workspace } from './workspace.ts';

const LEGACY_OBJECTS_PER_ARRAY = 75;

export const trackEndpoint: Endpoint = {
  method: 'POST',
  path: /^\/users\/track$/,
  family: 'track',
  permission: 'users.track',
  decode,
};

interface TrackObject extends IncomingObject {
  readonly kind: TrackArray;
  readonly index: number;
  readonly json: unknown;
  /** The identifier, or the error type where there is none. */
  readonly identifier: Identifier | string;
}

interface TrackError {
  readonly type: string;
  readonly input_array: TrackArray;
  readonly index: number;
}

function decode(body: RequestBody): DecodedRequest {
  const slices = rawArrays(body.text);
  const objects = TRACK_ARRAYS.flatMap((kind) => {
    const values = body.json[kind];
    if (values === undefined) return [];
    if (!isArray(values)) throw refusal(400, `'${kind}' must be an array`);
    return values.map((json, index) => readObject(kind, index, json, slices.get(kind)?.[index] ?? ''));
  });
  return { objects, apply: (application) => apply(objects, application) };
}

function readObject(kind: TrackArray, index: number, json: unknown, text: string): TrackObject {
  const identifier = isObject(json) ? readIdentifier(json) : 'must be an object';
  const identity = typeof identifier === 'string' ? '' : identityOf(identifier);
  return { kind, index, json, text, identifier, identity, lane: `${kind} ${identity}` };
}

function apply(objects: readonly TrackObject[], application: Application): Answer {
  checkCount(objects, application.workspace.limits.trackObjects);
  const errors: TrackError[] = [];
  const applied: Partial<Record<TrackArray, number>> = {};
  for (const object of objects) {
    const types = errorsOf(object, application);
    errors.push(...types.map((type) => ({ type, input_array: object.kind, index: object.index })));
    if (types.length > 0) continue;
    applyObject(object, application);
    applied[object.kind] = (applied[object.kind] ?? 0) + 1;
  }
  if (Object.keys(applied).length === 0) {
    throw new RefusedRequest(400, { message: 'No object of the request is valid', errors });
  }
  const processed = Object.entries(applied).map(([kind, count]) => [`${kind}_processed`, count] as const);
  const body = {
    message: 'success',
    ...Object.fromEntries(processed),
    ...(errors.length > 0 ? { errors } : {}),
  };
  return { status: 201, body, applied };
}

function checkCount(objects: readonly TrackObject[], limit: number | 'legacy'): void {
  if (objects.length === 0) throw refusal(400, `one of 'attributes', 'events' and 'purchases' is required`);
  const counted = limit === 'legacy' ? TRACK_ARRAYS.map((kind) => countOf(objects, kind)) : [objects.length];
  const most = limit === 'legacy' ? LEGACY_OBJECTS_PER_ARRAY : limit;
  if (counted.some((count) => count > most)) throw refusal(400, 'Max Input Length Exceeded');
}

function countOf(objects: readonly TrackObject[], kind: TrackArray): number {
  return objects.filter((object) => object.kind === kind).length;
}

function errorsOf({ kind, json, text, identifier }: TrackObject, { refuses }: Application): string[] {
  const missing = typeof identifier === 'string' ? [identifier] : [];
  const broken = isObject(json) ? objectErrors(kind, json, text) : [];
  const types = new Set([...missing, ...broken, ...(refuses(text) ? ['refused by the script'] : [])]);
  return Array.from(types);
}

function applyObject(object: TrackObject, { workspace, seq }: Application): void {
  const { identifier, json, kind, identity, text } = object;
  if (typeof identifier === 'string' || !isObject(json)) return;
  const { profiles } = workspace;
  const known = profiles.find(identifier);
  const profile = known ?? (createsProfile(identifier, json) ? profiles.create(identifier) : undefined);
  if (profile === undefined) {
    workspace.drop('unknown_user');
    return;
  }
  if (kind === 'attributes') applyAttributes(profile, object, json, workspace);
  else workspace[kind].push({ identity, request: seq, text });
  profiles.touch(profile);
}

/** By default only an alias does not make a profile. A Braze id never does, whatever is asked. */
function createsProfile(identifier: Identifier, json: JsonObject): boolean {
  const updateOnly = json['_update_existing_only'] ?? identifier.kind === 'user_alias';
  return updateOnly === false;
}

function applyAttributes(
  profile: Profile,
  object: TrackObject,
  json: JsonObject,
  workspace: Workspace,
): void {
  const merge = json['_merge_objects'];
  const rules = {
    mergeObjects: merge === true || merge === 'true',
    arrayElements: workspace.limits.arrayElements,
  };
  const lookup = typeof object.identifier === 'string' ? undefined : object.identifier.kind;
  for (const [name, raw] of rawMembers(object.text)) {
    if (CONTROL_MEMBERS.has(name) || name === lookup) continue;
    if (name === 'subscription_groups') {
      subscribe(profile, json[name]);
      continue;
    }
    const outcome = newValue(profile.attributes.get(name), raw, rules);
    if ('dropped' in outcome) workspace.drop(outcome.dropped);
    else workspace.profiles.setAttribute(profile, name, outcome.value);
  }
}

function subscribe(profile: Profile, groups: unknown): void {
  if (!isArray(groups)) return;
  for (const group of groups) {
    if (!isObject(group)) continue;
    profile.subscriptionGroups.set(
      String(group['subscription_group_id']),
      String(group['subscription_state']),
    );
  }
}
