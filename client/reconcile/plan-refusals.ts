/** The reasons for which an apply changes nothing at all. */
import type { Refusal } from './plan-types.ts';
import type { Move, Situation } from './situation.ts';

/** @returns all of them at once; none when the apply may go on */
export function refusalsOf(situation: Situation): Refusal[] {
  return [
    ...unknownAnswers(situation),
    ...situation.moves.flatMap((move) => moveRefusals(move, situation)),
    ...dataTypeRefusals(situation),
    ...takenTables(situation),
    ...pruneRefusals(situation),
  ];
}

/** @returns a sentence per answer that nothing asked for */
export function unusedAnswers({ input, moves }: Situation): string[] {
  const asked = new Set(moves.filter(({ hasWatermark }) => hasWatermark).map(({ name }) => name));
  return [...input.answers.keys()]
    .filter((name) => !asked.has(name))
    .map((name) => `${name}: --watermark is not needed and not used; its watermark stays as it is`);
}

function unknownAnswers({ input, survivors }: Situation): Refusal[] {
  return [...input.answers.keys()]
    .filter((name) => !survivors.has(name))
    .map((name) => refusal('answer_unknown', name, `--watermark names ${name}, but there is no such sync`));
}

function moveRefusals({ name, why, hasWatermark }: Move, { input }: Situation): Refusal[] {
  if (input.open.has(name)) {
    return [
      refusal('run_open', name, `${name} has a run under way while ${why}; cancel it, or wait for its end`),
    ];
  }
  if (!hasWatermark || input.answers.has(name)) return [];
  const choice = `--watermark ${name}=keep (go on after the last delivered row) or --watermark ${name}=reset (begin anew)`;
  return [refusal('answer_needed', name, `${name}: ${why}; say ${choice}`)];
}

function dataTypeRefusals({ input, currentSyncs }: Situation): Refusal[] {
  return input.declared.syncs.flatMap(({ name, data_type }) => {
    const before = currentSyncs.get(name)?.definition.data_type;
    if (before === undefined || before === data_type) return [];
    const message = `${name}: the data type cannot change from ${before} to ${data_type}; give the sync another name`;
    return [refusal('data_type_changed', name, message)];
  });
}

function takenTables(situation: Situation): Refusal[] {
  const readers = new Map<string, string>();
  return [...situation.survivors.values()].flatMap((sync) => {
    const key = `${sync.workspace} ${situation.tableOf(sync)}`;
    const other = readers.get(key);
    if (other === undefined) {
      readers.set(key, sync.name);
      return [];
    }
    const table = `${sync.source.schema}.${sync.source.table}`;
    const message = `${sync.name} and ${other} would both send ${table} to ${sync.workspace}; one sync per table and workspace`;
    return [refusal('table_taken', sync.name, message)];
  });
}

function pruneRefusals({
  input,
  survivors,
  prunedSyncs,
  prunedCredentials,
  prunedWorkspaces,
}: Situation): Refusal[] {
  const inUse = (kind: 'credential' | 'workspace', name: string): Refusal[] => {
    const users = [...survivors.values()].filter((sync) => sync[kind] === name).map((sync) => sync.name);
    if (users.length === 0) return [];
    return [refusal('in_use', name, `${kind} ${name} is not declared, but in use by ${users.join(', ')}`)];
  };
  return [
    ...prunedSyncs
      .filter(({ name }) => input.open.has(name))
      .map(({ name }) =>
        refusal('run_open', name, `${name} has a run under way; cancel it, or wait for its end`),
      ),
    ...prunedCredentials.flatMap((name) => inUse('credential', name)),
    ...prunedWorkspaces.flatMap((name) => inUse('workspace', name)),
  ];
}

function refusal(reason: Refusal['reason'], name: string, message: string): Refusal {
  return { reason, name, message };
}
