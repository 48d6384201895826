/** What a definition cannot tell of itself: names that clash, tables that are read twice, references that lead nowhere. */
import { tableKey } from '../../model/table-key.ts';
import type { DefinitionProblem } from './definition-problem.ts';
import type { KnownNames, LocatedDefinition } from './located-definition.ts';
import { nearestName } from './nearest-name.ts';

/**
 * @param located every definition that is valid by itself
 * @param known names that may be referred to
 */
export function crossCheck(located: readonly LocatedDefinition[], known: KnownNames): DefinitionProblem[] {
  return [
    ...clashingNames(located),
    ...tablesReadTwice(located),
    ...deadReferences(located, known),
    ...unknownWebhooks(located),
  ];
}

function clashingNames(located: readonly LocatedDefinition[]): DefinitionProblem[] {
  const first = new Map<string, LocatedDefinition>();
  return located.flatMap((at) => {
    const { kind, name } = at.definition;
    const key = `${kind} ${name}`;
    const earlier = first.get(key);
    if (!earlier) {
      first.set(key, at);
      return [];
    }
    const fix = `rename one of them: the other is at ${earlier.file}:${earlier.lineOf(['name'])}`;
    return [problemAt(at, 'name', `there is another ${kind} of this name`, fix)];
  });
}

function tablesReadTwice(located: readonly LocatedDefinition[]): DefinitionProblem[] {
  const credentials = new Map(
    located.flatMap(({ definition }) =>
      definition.kind === 'credential' ? [[definition.name, definition]] : [],
    ),
  );
  const first = new Map<string, string>();
  return located.flatMap((at) => {
    const { definition } = at;
    if (definition.kind !== 'sync') return [];
    const key = `${definition.workspace} ${tableKey(definition, credentials.get(definition.credential))}`;
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, definition.name);
    // The same sync declared twice is told of as a clash of names.
    if (earlier === undefined || earlier === definition.name) return [];
    const fix = 'read a table with one sync per workspace, or through a view of its own';
    return [problemAt(at, 'source', `sync ${earlier} already sends this table to the workspace`, fix)];
  });
}

function deadReferences(located: readonly LocatedDefinition[], known: KnownNames): DefinitionProblem[] {
  return located.flatMap((at) => {
    const { definition } = at;
    if (definition.kind !== 'sync') return [];
    const check = (kind: 'workspace' | 'credential', names: readonly string[]): DefinitionProblem[] => {
      if (names.includes(definition[kind])) return [];
      const meant = nearestName(definition[kind], names);
      const fix = meant === undefined ? `declare it in a file with kind: ${kind}` : `did you mean ${meant}?`;
      return [problemAt(at, kind, `there is no ${kind} of this name`, fix)];
    };
    return [...check('workspace', known.workspaces), ...check('credential', known.credentials)];
  });
}

/** Of a workspace that is declared elsewhere, they are not known here. */
function unknownWebhooks(located: readonly LocatedDefinition[]): DefinitionProblem[] {
  const webhooks = new Map(
    located.flatMap(({ definition }) =>
      definition.kind === 'workspace'
        ? [[definition.name, (definition.webhooks ?? []).map(({ name }) => name)]]
        : [],
    ),
  );
  return located.flatMap((at) => {
    const { definition } = at;
    const names = definition.kind === 'sync' ? webhooks.get(definition.workspace) : undefined;
    if (definition.kind !== 'sync' || names === undefined) return [];
    return (definition.notifications.webhooks ?? [])
      .filter((name) => !names.includes(name))
      .map((name) => {
        const meant = nearestName(name, names);
        const fix = meant === undefined ? 'declare it there' : `did you mean ${meant}?`;
        const message = `workspace ${definition.workspace} has no webhook ${name}`;
        return { ...problemAt(at, 'notifications', message, fix), path: 'notifications.webhooks' };
      });
  });
}

function problemAt(at: LocatedDefinition, path: string, message: string, fix: string): DefinitionProblem {
  return { file: at.file, line: at.lineOf([path]), path, message, fix };
}
