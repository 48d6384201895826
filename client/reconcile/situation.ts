/** What is declared and what is current, put side by side. */
import type { CredentialDefinition, SyncDefinition, WorkspaceDefinition } from '../../model/definitions.ts';
import { tableKey } from '../../model/table-key.ts';
import type { CurrentSync, PlanInput, Secured } from './plan-types.ts';

/** A sync of the ledger that comes back, or reads or sends elsewhere than before: its watermark is in question. */
export interface Move {
  readonly name: string;
  readonly why: string;
  readonly hasWatermark: boolean;
}

/** What is declared and what is current, looked up by name. */
export class Situation {
  readonly input: PlanInput;
  readonly currentSyncs: ReadonlyMap<string, CurrentSync>;
  /** Every sync there will be after the apply, declared or not. */
  readonly survivors: ReadonlyMap<string, SyncDefinition>;
  readonly prunedSyncs: readonly SyncDefinition[];
  readonly prunedCredentials: readonly string[];
  readonly prunedWorkspaces: readonly string[];
  readonly moves: readonly Move[];
  readonly #before: Parts;
  readonly #after: Parts;

  constructor(input: PlanInput) {
    const { declared, current, prune } = input;
    this.input = input;
    this.currentSyncs = byName(current.syncs);
    const declaredNames = new Set(declared.syncs.map(({ name }) => name));
    const undeclared = current.syncs
      .filter(({ definition, deleted }) => !deleted && !declaredNames.has(definition.name))
      .map(({ definition }) => definition);
    this.prunedSyncs = prune ? undeclared : [];
    this.survivors = new Map(
      [...declared.syncs, ...(prune ? [] : undeclared)].map((definition) => [definition.name, definition]),
    );
    this.prunedCredentials = prune ? missing(current.credentials, declared.credentials) : [];
    this.prunedWorkspaces = prune ? missing(current.workspaces, declared.workspaces) : [];
    this.#before = {
      workspaces: definitions(current.workspaces),
      credentials: definitions(current.credentials),
    };
    this.#after = {
      workspaces: new Map([...this.#before.workspaces, ...definitions(declared.workspaces)]),
      credentials: new Map([...this.#before.credentials, ...definitions(declared.credentials)]),
    };
    this.moves = [...this.survivors.values()].flatMap((definition) => this.#moveOf(definition));
  }

  moveOf(name: string): Move | undefined {
    return this.moves.find((move) => move.name === name);
  }

  /** The table that a sync reads after the apply. */
  tableOf(sync: SyncDefinition): string {
    return tableKey(sync, this.#after.credentials.get(sync.credential));
  }

  #moveOf(definition: SyncDefinition): Move[] {
    const { name } = definition;
    const sync = this.currentSyncs.get(name);
    if (!sync) return [];
    const move = (why: string): Move[] => [{ name, why, hasWatermark: sync.hasWatermark }];
    if (sync.deleted) return move('it was deleted and comes back');
    const before = sync.definition;
    const oldTable = tableKey(before, this.#before.credentials.get(before.credential));
    if (oldTable !== this.tableOf(definition)) return move('its source changes');
    if (before.workspace !== definition.workspace) return move('its workspace changes');
    if (before.catalog !== definition.catalog) return move('its catalog changes');
    if (before.full_refresh !== definition.full_refresh) return move('its `full_refresh` changes');
    const oldInstance = instanceOf(this.#before.workspaces.get(before.workspace));
    const newInstance = instanceOf(this.#after.workspaces.get(definition.workspace));
    return oldInstance === newInstance ? [] : move('the endpoint of its workspace changes');
  }
}

interface Parts {
  readonly workspaces: ReadonlyMap<string, WorkspaceDefinition>;
  readonly credentials: ReadonlyMap<string, CredentialDefinition>;
}

/** The Braze instance of a workspace. Another key may be a rotated one, another endpoint is another instance. */
function instanceOf(workspace: WorkspaceDefinition | undefined): string | undefined {
  return workspace && new URL(workspace.endpoint).origin;
}

function byName(syncs: readonly CurrentSync[]): Map<string, CurrentSync> {
  return new Map(syncs.map((sync) => [sync.definition.name, sync]));
}

function definitions<D extends { readonly name: string }>(secured: readonly Secured<D>[]): Map<string, D> {
  return new Map(secured.map(({ definition }) => [definition.name, definition]));
}

/** Names that the ledger has and the files lack. */
function missing<D extends { readonly name: string }>(
  current: readonly Secured<D>[],
  declared: readonly Secured<D>[],
): string[] {
  const names = definitions(declared);
  return current.map(({ definition }) => definition.name).filter((name) => !names.has(name));
}
