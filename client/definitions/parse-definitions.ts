/** Definition files, as text, to definitions or to everything that is wrong with them. */
import type { CredentialDefinition, SyncDefinition, WorkspaceDefinition } from '../../model/definitions.ts';
import { scheduleWarnings } from '../../model/schedule.ts';
import { crossCheck } from './cross-check.ts';
import type { DefinitionProblem } from './definition-problem.ts';
import { explainBlanks } from './explain-blanks.ts';
import { explainIssue, type Explanation } from './explain-issue.ts';
import {
  DEFINITION_KINDS,
  DEFINITION_SCHEMAS,
  jsonSchemaOf,
  memberOf,
  type DefinitionKind,
} from './json-schema.ts';
import type { KnownNames, LocatedDefinition } from './located-definition.ts';
import { nearestName } from './nearest-name.ts';
import { readYaml, type YamlDocument } from './read-yaml.ts';

export interface DefinitionFile {
  /** As it is to be named in messages. */
  readonly name: string;
  readonly text: string;
}

export interface Definitions {
  readonly workspaces: readonly WorkspaceDefinition[];
  readonly credentials: readonly CredentialDefinition[];
  readonly syncs: readonly SyncDefinition[];
}

export type ParsedDefinitions =
  | {
      readonly valid: true;
      readonly definitions: Definitions;
      /** What is allowed but may surprise. */
      readonly warnings: readonly DefinitionProblem[];
    }
  | { readonly valid: false; readonly problems: readonly DefinitionProblem[] };

/** @returns the definitions of all files, or every problem of all files, in the order of the files */
export function parseDefinitions(
  files: readonly DefinitionFile[],
  known: KnownNames = { workspaces: [], credentials: [] },
): ParsedDefinitions {
  const problems: DefinitionProblem[] = [];
  const located: LocatedDefinition[] = [];
  // A name may be declared in a document that has another fault; what refers to it is not wrong for that.
  const named: Record<DefinitionKind, string[]> = { workspace: [], credential: [], sync: [] };
  for (const file of files) {
    for (const document of readYaml(file.text)) {
      const parsed = parseDocument(document, file);
      problems.push(...parsed.problems);
      if (parsed.located) located.push(parsed.located);
      if (parsed.named) named[parsed.named.kind].push(parsed.named.name);
    }
  }
  problems.push(
    ...crossCheck(located, {
      workspaces: [...known.workspaces, ...named.workspace],
      credentials: [...known.credentials, ...named.credential],
    }),
  );
  if (problems.length > 0) return { valid: false, problems };

  const all = located.map(({ definition }) => definition);
  return {
    valid: true,
    definitions: {
      workspaces: all.filter((definition) => definition.kind === 'workspace'),
      credentials: all.filter((definition) => definition.kind === 'credential'),
      syncs: all.filter((definition) => definition.kind === 'sync'),
    },
    warnings: located.flatMap(warningsOf),
  };
}

interface ParsedDocument {
  readonly problems: readonly DefinitionProblem[];
  readonly located?: LocatedDefinition;
  readonly named?: { readonly kind: DefinitionKind; readonly name: string };
}

function parseDocument(document: YamlDocument, { name: file, text }: DefinitionFile): ParsedDocument {
  if ('faults' in document) {
    return { problems: document.faults.map((fault) => ({ file, path: '', ...fault })) };
  }
  const { value, lineOf } = document;
  if (value === null || value === undefined) return { problems: [] };

  const explained = (explanations: readonly Explanation[]): DefinitionProblem[] =>
    explanations.map(({ path, ...words }) => ({ file, line: lineOf(path), path: pathText(path), ...words }));
  const kind = memberOf(value, 'kind');
  if (!isDefinitionKind(kind)) return { problems: explained([explainKind(value, kind)]) };
  const name = memberOf(value, 'name');
  const named = typeof name === 'string' ? { named: { kind, name } } : {};
  const parsed = DEFINITION_SCHEMAS[kind].safeParse(value);
  if (parsed.success) return { problems: [], located: { definition: parsed.data, file, lineOf }, ...named };
  const schema = jsonSchemaOf(kind);
  const explanations = parsed.error.issues.flatMap((issue) => explainIssue(issue, value, schema));
  return { problems: explainBlanks(explained(explanations), text), ...named };
}

function explainKind(value: unknown, kind: unknown): Explanation {
  const choice = DEFINITION_KINDS.join(', ');
  if (typeof value !== 'object' || Array.isArray(value)) {
    return { path: [], message: 'must be a mapping of options', fix: `begin with kind: ${choice}` };
  }
  const meant = typeof kind === 'string' ? nearestName(kind, DEFINITION_KINDS) : undefined;
  const message = `must be one of ${choice}`;
  return { path: ['kind'], message, ...(meant === undefined ? {} : { fix: `did you mean ${meant}?` }) };
}

function isDefinitionKind(kind: unknown): kind is DefinitionKind {
  return DEFINITION_KINDS.some((known) => known === kind);
}

function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`))
    .join('');
}

function warningsOf(located: LocatedDefinition): DefinitionProblem[] {
  const { definition, file } = located;
  if (definition.kind !== 'sync') return [];
  return scheduleWarnings(definition.schedule).map((message) => ({
    file,
    line: located.lineOf(['schedule']),
    path: 'schedule',
    message,
  }));
}
