/** How tests start and drive the simulator. */
import { fileURLToPath } from 'node:url';
import type {
  CatalogDefinition,
  CatalogItemView,
  IntegrationDefinition,
  KeyDefinition,
  Latency,
  LimitsChange,
  ProfileSeed,
  ProfileView,
  RecordedRequest,
  Rule,
  SimulatorState,
  StoredDelete,
  StoredObject,
} from './control-types.ts';
import { startProcess } from './start-process.ts';

/** The control API of a simulator, as seen by one workspace. */
export class BrazeSimulatorClient {
  readonly #url: string;
  readonly #workspace: string;

  /** @param url as the simulator printed it */
  constructor(url: string, workspace = 'default') {
    this.#url = url;
    this.#workspace = workspace;
  }

  /** The same simulator, seen by another workspace. */
  for(workspace: string): BrazeSimulatorClient {
    return new BrazeSimulatorClient(this.#url, workspace);
  }

  async state(): Promise<SimulatorState> {
    return (await this.#call('GET', 'state')).json() as Promise<SimulatorState>;
  }

  profiles(): Promise<ProfileView[]> {
    return this.#lines('profiles');
  }

  events(): Promise<StoredObject[]> {
    return this.#lines('events');
  }

  purchases(): Promise<StoredObject[]> {
    return this.#lines('purchases');
  }

  deletes(): Promise<StoredDelete[]> {
    return this.#lines('deletes');
  }

  catalogItems(name: string): Promise<CatalogItemView[]> {
    return this.#lines(`catalogs/${encodeURIComponent(name)}`);
  }

  /** All requests of all workspaces, in the order of arrival. */
  record(): Promise<RecordedRequest[]> {
    return this.#lines('record');
  }

  /** Puts rules in place of the former ones; none: the simulator behaves. */
  async setScript(rules: readonly Rule[]): Promise<void> {
    await this.#call('POST', 'script', rules);
  }

  async setKeys(keys: readonly KeyDefinition[]): Promise<void> {
    await this.#call('POST', 'keys', keys);
  }

  async setLimits(change: LimitsChange): Promise<void> {
    await this.#call('POST', 'limits', change);
  }

  async setLatency(latency: Latency): Promise<void> {
    await this.#call('POST', 'latency', latency);
  }

  /** Makes a catalog, empty, in place of any of that name. */
  async putCatalog(catalog: CatalogDefinition): Promise<void> {
    await this.#call('POST', 'catalogs', catalog);
  }

  /** Puts integrations of Braze's own Cloud Data Ingestion in place of the former ones. */
  async setIntegrations(integrations: readonly IntegrationDefinition[]): Promise<void> {
    await this.#call('POST', 'integrations', integrations);
  }

  /** Adds profiles, for example such as only an SDK makes. */
  async addProfiles(profiles: readonly ProfileSeed[]): Promise<void> {
    await this.#call('POST', 'profiles', profiles);
  }

  /** Back to how the simulator was started. */
  async reset(): Promise<void> {
    await this.#call('POST', 'reset');
  }

  async #lines<T>(action: string): Promise<T[]> {
    const text = await (await this.#call('GET', action)).text();
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as T);
  }

  async #call(method: 'GET' | 'POST', action: string, body?: unknown): Promise<Response> {
    const response = await fetch(
      `${this.#url}/_sim/${action}?workspace=${encodeURIComponent(this.#workspace)}`,
      {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      },
    );
    if (!response.ok)
      throw new Error(`${method} /_sim/${action}: ${response.status} ${await response.text()}`);
    return response;
  }
}

export interface SpawnOptions {
  readonly port?: number;
  /** Delay of each answer, in milliseconds. */
  readonly latencyMs?: number;
  readonly jitterMs?: number;
  readonly fast?: boolean;
  readonly recordFile?: string;
  /** Path of a JSON file with an array of workspace definitions. */
  readonly workspacesFile?: string;
}

export interface SpawnedBrazeSimulator {
  readonly url: string;
  readonly client: BrazeSimulatorClient;
  readonly pid: number;
  readonly kill: (signal?: NodeJS.Signals) => Promise<void>;
}

/** Starts a simulator in a process of its own. */
export async function spawnBrazeSimulator(options: SpawnOptions = {}): Promise<SpawnedBrazeSimulator> {
  const { port = 0, latencyMs = 0, jitterMs = 0, fast = false, recordFile, workspacesFile } = options;
  const script = fileURLToPath(new URL('main.ts', import.meta.url));
  const { ready, pid, kill } = await startProcess(script, [
    ...['--port', String(port), '--latency', String(latencyMs), '--jitter', String(jitterMs)],
    ...(fast ? ['--fast'] : []),
    ...(recordFile === undefined ? [] : ['--record', recordFile]),
    ...(workspacesFile === undefined ? [] : ['--workspaces', workspacesFile]),
  ]);
  const { url } = ready as { url: string };
  return { url, client: new BrazeSimulatorClient(url), pid, kill };
}
