/** The control API under `/_sim/`: tests read what the simulator holds, and tell it how to behave. */
import { putCatalog } from './catalogs.ts';
import { ACTION_TYPES } from './control-types.ts';
import type {
  CatalogDefinition,
  IntegrationDefinition,
  KeyDefinition,
  Latency,
  LimitsChange,
  ProfileSeed,
  Rule,
} from './control-types.ts';
import { RefusedRequest, refusal } from './endpoint.ts';
import type { Simulator } from './simulator.ts';

export interface ControlRequest {
  readonly method: string;
  readonly url: URL;
  readonly body: Buffer;
}

/** Either one JSON value, or many, one per line. */
export type ControlAnswer =
  | { readonly status: number; readonly json: unknown }
  | { readonly status: number; readonly lines: Iterable<unknown> };

const PREFIX = '/_sim/';

export function isControlPath(path: string): boolean {
  return path.startsWith(PREFIX);
}

/** Answers a request to the control API. The query parameter `workspace` picks a workspace other than `default`. */
export function answerControl(simulator: Simulator, request: ControlRequest): ControlAnswer {
  try {
    const action = request.url.pathname.slice(PREFIX.length);
    const workspace = request.url.searchParams.get('workspace') ?? undefined;
    if (request.method === 'GET') return read(simulator, action, workspace);
    change(simulator, action, workspace, request.body);
    return { status: 200, json: { message: 'success' } };
  } catch (error) {
    if (error instanceof RefusedRequest) return { status: error.status, json: error.body };
    if (error instanceof SyntaxError) return { status: 400, json: { message: 'the body is not valid JSON' } };
    throw error;
  }
}

function read(simulator: Simulator, action: string, workspaceName: string | undefined): ControlAnswer {
  const workspace = simulator.workspace(workspaceName);
  switch (action) {
    case 'state':
      return { status: 200, json: workspace.state() };
    case 'profiles':
      return { status: 200, lines: workspace.profiles.views() };
    case 'events':
    case 'purchases':
    case 'deletes':
      return { status: 200, lines: workspace[action] };
    case 'record':
      return { status: 200, lines: simulator.record.all() };
  }
  const name = /^catalogs\/([^/]+)$/.exec(action)?.[1];
  const catalog = name === undefined ? undefined : workspace.catalogs.get(decodeURIComponent(name));
  if (!catalog) throw refusal(404, 'nothing under this address');
  return { status: 200, lines: catalog.views() };
}

function change(simulator: Simulator, action: string, workspace: string | undefined, body: Buffer): void {
  const json: unknown = body.length === 0 ? undefined : JSON.parse(body.toString('utf8'));
  switch (action) {
    case 'reset':
      simulator.reset();
      return;
    case 'script':
      simulator.setScript(readRules(json));
      return;
    case 'latency':
      simulator.setLatency(json as Latency);
      return;
    case 'limits':
      simulator.changeLimits(workspace, json as LimitsChange);
      return;
    case 'keys':
      for (const key of [json].flat() as KeyDefinition[]) {
        simulator.setKey({ ...(workspace === undefined ? {} : { workspace }), ...key });
      }
      return;
    case 'catalogs':
      putCatalog(simulator.workspace(workspace), json as CatalogDefinition);
      return;
    case 'integrations':
      simulator.workspace(workspace).integrations = json as IntegrationDefinition[];
      return;
    case 'profiles':
      for (const seed of [json].flat() as ProfileSeed[]) simulator.workspace(workspace).profiles.seed(seed);
      return;
    default:
      throw refusal(404, 'nothing under this address');
  }
}

/** A rule that is misspelt would silently never act; so its action is checked. */
function readRules(json: unknown): Rule[] {
  const rules = [json].flat() as Rule[];
  const unknown = rules.find((rule) => !ACTION_TYPES.includes(rule.action.type));
  if (unknown) throw refusal(400, `no action is named ${unknown.action.type}`);
  return rules;
}
