import { isUtf8 } from 'node:buffer';
import { putCatalog } from './catalogs.ts';
import type {
  Action,
  KeyDefinition,
  Latency,
  LimitsChange,
  RecordedRequest,
  Rule,
  WorkspaceDefinition,
} from './control-types.ts';
import { changedLimits } from './default-limits.ts';
import { RefusedRequest, refusal } from './endpoint.ts';
import type { Answer, Counts, DecodedRequest, IncomingObject } from './endpoint.ts';
import { acceptAll, countObjects } from './fast-request.ts';
import { isObject } from './json-object.ts';
import { DEFAULT_WORKSPACE, KeyRing } from './key-ring.ts';
import { refusalHeaders } from './rate-limiter.ts';
import type { Headers } from './rate-limiter.ts';
import { RequestRecord } from './request-record.ts';
import { findRoute } from './routes.ts';
import type { Route } from './routes.ts';
import { Script, containsAll } from './script.ts';
import { Workspace } from './workspace.ts';

export interface SimulatorOptions {
  /** Delay of each answer. Default: none. */
  readonly latency?: Latency;
  /** Only counts objects; nothing is validated beyond limits and keys, and nothing is kept. */
  readonly fast?: boolean;
  /** File that the record is appended to. */
  readonly recordFile?: string;
  readonly workspaces?: readonly WorkspaceDefinition[];
}

export interface SimulatedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
  /** Port of the client's end of the connection. */
  readonly connection: number;
  readonly body: Buffer;
}

/** How a request ends, and when. */
export interface Outcome {
  readonly ending: 'answer' | 'reset' | 'close';
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
  /** Wait before the ending, in milliseconds. */
  readonly delayMs: number;
  /** To be called once, as the request ends; 0 where no answer was given. */
  readonly end: (status: number) => void;
}

/** A request that passed the gate. */
interface Understood {
  readonly objects: readonly IncomingObject[];
  readonly counts: Counts;
  readonly apply: (seq: number, refuses: (text: string) => boolean) => Answer;
}

/** Refusals before anything of the request is looked at; they do not count against the rate limit. */
const GATE_STATUSES: readonly number[] = [401, 403, 404];

/** Everything the simulator knows, without the sockets. */
export class Simulator {
  readonly #options: SimulatorOptions;
  readonly record: RequestRecord;
  #workspaces = new Map<string, Workspace>();
  #keys = new KeyRing();
  #script = new Script([]);
  #latency: Latency = { ms: 0 };

  constructor(options: SimulatorOptions) {
    this.#options = options;
    this.record = new RequestRecord(options.fast !== true, options.recordFile);
    this.reset();
  }

  /** Back to how it was started. */
  reset(): void {
    this.#workspaces = new Map();
    this.#keys = new KeyRing();
    this.#script = new Script([]);
    this.#latency = this.#options.latency ?? { ms: 0 };
    this.record.reset();
    for (const { name, keys = [], limits = {}, catalogs = [] } of this.#options.workspaces ?? []) {
      for (const key of keys) this.#keys.set({ ...key, workspace: name });
      this.changeLimits(name, limits);
      for (const catalog of catalogs) putCatalog(this.workspace(name), catalog);
    }
  }

  /** The workspace of that name; it begins to exist when it is first asked for. */
  workspace(name: string = DEFAULT_WORKSPACE): Workspace {
    const known = this.#workspaces.get(name) ?? new Workspace(name);
    this.#workspaces.set(name, known);
    return known;
  }

  setKey(key: KeyDefinition): void {
    this.#keys.set(key);
  }

  changeLimits(workspace: string | undefined, change: LimitsChange): void {
    const changed = this.workspace(workspace);
    changed.limits = changedLimits(changed.limits, change);
  }

  setScript(rules: readonly Rule[]): void {
    this.#script = new Script(rules);
  }

  setLatency(latency: Latency): void {
    this.#latency = latency;
  }

  /** Judges a request to the public API and applies it, all at once; the caller waits and answers. */
  receive(request: SimulatedRequest): Outcome {
    const call = `${request.method} ${request.path}`;
    const holder = this.#keys.holder(request.authorization);
    const workspace = this.workspace(holder?.workspace);
    const route = findRoute(request.method, request.path);
    const understood = orRefusal(() => {
      if (!holder) throw refusal(401, 'Invalid API key');
      if (!route) throw refusal(404, 'Invalid URL');
      if (!holder.may(route.endpoint.permission)) throw refusal(403, 'Access Denied');
      return this.#understand(route, request, workspace);
    });
    const known = understood instanceof RefusedRequest ? undefined : understood;
    workspace.countArrival(call, request.body, known?.counts ?? {});

    const { overlapping, leave } = enterLanes(workspace, known?.objects ?? []);
    const entry = this.record.open({
      workspace: workspace.name,
      connection: request.connection,
      arrivedAt: Date.now(),
      method: request.method,
      path: request.path,
      objects: total(known?.counts ?? {}),
      identities: (known?.objects ?? []).map(({ identity }) => identity),
      texts: (known?.objects ?? []).map(({ text }) => text),
      overlapping,
    });
    const outcome = this.#outcome(request, route, workspace, understood, entry);
    const end = (status: number): void => {
      leave();
      this.record.close(entry, status);
      workspace.countAnswer(call, status);
    };
    return { ...outcome, delayMs: outcome.delayMs + this.#delay(), end };
  }

  /** @throws RefusedRequest where size or form of the body are wrong */
  #understand(route: Route, request: SimulatedRequest, workspace: Workspace): Understood {
    const { method, body, contentType } = request;
    if (body.length > workspace.limits.bodyBytes) throw refusal(413, 'Request Entity Too Large');
    const hasBody = method !== 'GET';
    if (hasBody && !/^application\/json\s*(;|$)/i.test(contentType ?? '')) {
      throw refusal(415, 'Content-Type must be application/json');
    }
    if (this.#options.fast === true) {
      const counts = countObjects(route, body);
      return { objects: [], counts, apply: () => acceptAll(route, counts, workspace) };
    }
    const decoded = decode(route, hasBody ? body : Buffer.from('{}'), request.query);
    return {
      objects: decoded.objects,
      counts: countKinds(decoded.objects),
      apply: (seq, refuses) => decoded.apply({ workspace, seq, refuses }),
    };
  }

  /** The gate's verdict, the rate limit's, the script's, in this order; else what the endpoint makes of the request. */
  #outcome(
    request: SimulatedRequest,
    route: Route | undefined,
    workspace: Workspace,
    understood: Understood | RefusedRequest,
    entry: RecordedRequest,
  ): Omit<Outcome, 'end'> {
    const now = Date.now();
    const passedGate = !(understood instanceof RefusedRequest && GATE_STATUSES.includes(understood.status));
    const family = route?.endpoint.family ?? 'other';
    const { allowed, headers } = workspace.rateLimiter.take(
      family,
      workspace.limits,
      now,
      passedGate ? 1 : 0,
    );
    if (understood instanceof RefusedRequest && !passedGate) return answer(understood, headers);
    if (!allowed) return answer({ status: 429, body: { message: 'Rate limit exceeded' } }, headers);
    if (understood instanceof RefusedRequest) return answer(understood, headers);

    const due = this.#script.next({
      method: request.method,
      path: request.path,
      texts: () => scriptedTexts(understood.objects, request.body),
    });
    const apply = (refusedTexts?: readonly string[]): Answer => {
      const refuses = (text: string): boolean =>
        refusedTexts !== undefined && containsAll(text, refusedTexts);
      const given = orRefusal(() => understood.apply(entry.seq, refuses));
      const applied = given instanceof RefusedRequest ? {} : (given.applied ?? {});
      workspace.countApplied(applied);
      entry.applied = total(applied);
      return given;
    };
    if (!due) return answer(apply(), headers);
    const limit = workspace.limits.rates[family].requests;
    return perform(due.action, { apply, texts: due.containsTexts, headers, limit, now });
  }

  #delay(): number {
    const { ms, jitterMs = 0 } = this.#latency;
    return Math.max(0, ms + jitterMs * (2 * Math.random() - 1));
  }
}

interface Stage {
  readonly apply: (refusedTexts?: readonly string[]) => Answer;
  /** What the rule of the action looked for. */
  readonly texts: readonly string[];
  readonly headers: Headers;
  readonly limit: number;
  readonly now: number;
}

/** Mistreats a request as a script asks. */
function perform(action: Action, { apply, texts, headers, limit, now }: Stage): Omit<Outcome, 'end'> {
  switch (action.type) {
    case '429': {
      const refused =
        action.style === 'silent'
          ? {}
          : refusalHeaders(action.style, limit, now + action.seconds * 1000, now);
      return answer({ status: 429, body: { message: 'Rate limit exceeded' } }, refused);
    }
    case '5xx_after':
      apply();
      return answer({ status: action.status, body: { message: 'Server Error' } }, headers);
    case '5xx_before':
      return answer({ status: action.status, body: { message: 'Server Error' } }, headers);
    case 'slow':
      return { ...answer(apply(), headers), delayMs: action.ms };
    case 'reset_after':
      apply();
      return { ...answer({ status: 0, body: {} }, headers), ending: 'reset' };
    case 'reset_before':
      return { ...answer({ status: 0, body: {} }, headers), ending: 'reset' };
    case 'stall':
      if (action.applied === true) apply();
      return { ...answer({ status: 0, body: {} }, headers), ending: 'close', delayMs: action.ms };
    case '413':
      return answer({ status: 413, body: { message: 'Request Entity Too Large' } }, headers);
    case '400_anonymous':
      return answer({ status: 400, body: { message: 'Bad Request' } }, headers);
    case 'merged_refused':
      return answer(apply(texts), headers);
    case 'unplaced_errors': {
      const applied = apply();
      return answer(
        { ...applied, body: Object.assign({}, applied.body, { errors: action.errors }) },
        headers,
      );
    }
  }
}

function answer({ status, body, headers: own }: Answer, headers: Headers): Omit<Outcome, 'end'> {
  return {
    ending: 'answer',
    status,
    headers: { ...headers, ...own },
    body: JSON.stringify(body),
    delayMs: 0,
  };
}

function decode({ endpoint, name }: Route, body: Buffer, query: URLSearchParams): DecodedRequest {
  if (!isUtf8(body)) throw refusal(400, 'the body is not UTF-8');
  const text = body.toString('utf8');
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refusal(400, 'the body is not valid JSON');
  }
  if (!isObject(json)) throw refusal(400, 'the body must be a JSON object');
  return endpoint.decode({ json, text }, decodeURIComponent(name), query);
}

/** Enters the objects among those in flight and counts the rules of order that they break. */
function enterLanes(
  workspace: Workspace,
  objects: readonly IncomingObject[],
): { overlapping: readonly string[]; leave: () => void } {
  const lanes: string[] = [];
  const attributeLanes = new Set<string>();
  for (const { kind, identity, lane } of objects) {
    if (identity === '') continue;
    lanes.push(lane);
    if (kind !== 'attributes') continue;
    if (attributeLanes.has(lane)) workspace.violations.withinRequest += 1;
    attributeLanes.add(lane);
  }
  const { overlapping, leave } = workspace.inFlight.enter(lanes);
  workspace.violations.inFlight += overlapping.length;
  return { overlapping, leave };
}

function scriptedTexts(objects: readonly IncomingObject[], body: Buffer): readonly string[] {
  return objects.length > 0 ? objects.map(({ text }) => text) : [body.toString('utf8')];
}

function countKinds(objects: readonly IncomingObject[]): Counts {
  const counts: Counts = {};
  for (const { kind } of objects) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function total(counts: Counts): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

function orRefusal<T>(step: () => T): T | RefusedRequest {
  try {
    return step();
  } catch (error) {
    if (error instanceof RefusedRequest) return error;
    throw error;
  }
}
