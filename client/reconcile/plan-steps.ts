/** The steps of an apply, in the order in which they are to be done: what is referred to comes first and goes last. */
import type { CredentialDefinition, SyncDefinition, WorkspaceDefinition } from '../../model/definitions.ts';
import { scheduleId } from '../../model/names.ts';
import { fieldChanges } from './field-changes.ts';
import type { CurrentSync, Secured, Step, StepBase } from './plan-types.ts';
import { scheduleOptions } from './schedule-options.ts';
import type { Move, Situation } from './situation.ts';

export function stepsOf(situation: Situation): Step[] {
  const { declared, current } = situation.input;
  const removed = situation.prunedSyncs.map(({ name }) => name);
  const scheduled = removed.filter((name) => current.scheduleHashes.has(scheduleId(name)));
  return [
    ...securedSteps('workspace', declared.workspaces, current.workspaces),
    ...securedSteps('credential', declared.credentials, current.credentials),
    ...syncSteps(situation),
    ...scheduleSteps(situation),
    ...scheduled.map(removeSchedule),
    ...removed.map((name): Step => ({ ...removal(name), kind: 'sync', watermark: 'keep', retest: false })),
    ...situation.prunedCredentials.map((name) => removeSecured('credential', name)),
    ...situation.prunedWorkspaces.map((name) => removeSecured('workspace', name)),
  ];
}

function securedSteps<D extends WorkspaceDefinition | CredentialDefinition>(
  kind: D['kind'],
  declared: readonly Secured<D>[],
  current: readonly Secured<D>[],
): Step[] {
  return declared.map(({ definition, fingerprint }): Step => {
    const { name } = definition;
    const before = current.find((other) => other.definition.name === name);
    if (!before) return { kind, action: 'create', name, changes: [], secretChanged: false };
    const changes = fieldChanges(before.definition, definition);
    const secretChanged = before.fingerprint !== fingerprint;
    return {
      kind,
      action: changes.length > 0 || secretChanged ? 'update' : 'unchanged',
      name,
      changes,
      secretChanged,
    };
  });
}

function syncSteps(situation: Situation): Step[] {
  const { input, currentSyncs, survivors } = situation;
  const declared = new Set(input.declared.syncs.map(({ name }) => name));
  return [...survivors.values()].flatMap((definition): Step[] => {
    const { name } = definition;
    const before = currentSyncs.get(name);
    const move = situation.moveOf(name);
    // A sync outside the folder is touched only where a workspace or credential moves under it.
    if (!declared.has(name) && !move) return [];
    const changes = before ? fieldChanges(before.definition, definition) : [];
    const asked = move?.hasWatermark === true;
    const action = !before || before.deleted ? 'create' : changes.length > 0 || move ? 'update' : 'unchanged';
    return [
      {
        kind: 'sync',
        action,
        name,
        changes,
        watermark: (asked ? input.answers.get(name) : undefined) ?? 'keep',
        ...(asked ? { moved: move.why } : {}),
        retest: needsTest(before, definition, move),
      },
    ];
  });
}

function needsTest(
  before: CurrentSync | undefined,
  definition: SyncDefinition,
  move: Move | undefined,
): boolean {
  return !before || move !== undefined || before.definition.credential !== definition.credential;
}

function scheduleSteps(situation: Situation): Step[] {
  const { input, currentSyncs } = situation;
  return input.declared.syncs.flatMap((definition): Step[] => {
    const { name } = definition;
    const desired = scheduleOptions(definition, input.controlQueue);
    const hash = input.current.scheduleHashes.get(scheduleId(name));
    if (!desired) return hash === undefined ? [] : [removeSchedule(name)];
    const before = currentSyncs.get(name);
    const retest = needsTest(before, definition, situation.moveOf(name));
    const step = { kind: 'schedule', name, changes: [], pausedUntilTested: false } as const;
    if (hash === undefined) {
      return [{ ...step, action: 'create', pausedUntilTested: retest || before?.tested !== true }];
    }
    return [{ ...step, action: hash === desired.action.memo.specHash ? 'unchanged' : 'update' }];
  });
}

function removal(name: string): StepBase & { action: 'delete' } {
  return { action: 'delete', name, changes: [] };
}

function removeSchedule(name: string): Step {
  return { ...removal(name), kind: 'schedule', pausedUntilTested: false };
}

function removeSecured(kind: 'workspace' | 'credential', name: string): Step {
  return { ...removal(name), kind, secretChanged: false };
}
