/** Looks up every secret of what is declared, before anything is changed. */
import { readFile } from 'node:fs/promises';
import type { CredentialDefinition, WorkspaceDefinition } from '../../model/definitions.ts';
import { workspaceSecrets } from '../../model/definitions.ts';
import { credentialKind } from '../../model/warehouse-credentials.ts';
import type { Secrets } from '../../store/definitions.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Definitions } from '../definitions/parse-definitions.ts';
import { resolveSecret } from '../definitions/resolve-secret.ts';
import type { Secured } from '../reconcile/plan-types.ts';
import type { Session } from '../session.ts';

type SecretHolder = WorkspaceDefinition | CredentialDefinition;

export interface ResolvedSecrets {
  readonly workspaces: readonly Secured<WorkspaceDefinition>[];
  readonly credentials: readonly Secured<CredentialDefinition>[];
  readonly of: (holder: SecretHolder) => Secrets;
}

/** @throws CommandError `usage` that names every variable and file that is missing, and no value */
export async function resolveSecrets(
  session: Session,
  declared: Definitions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ResolvedSecrets> {
  const problems: string[] = [];
  const values = new Map<SecretHolder, Secrets>();
  const secure = async <D extends SecretHolder>(
    definition: D,
    fields: readonly string[],
  ): Promise<Secured<D>> => {
    const secrets: Record<string, string> = {};
    for (const field of fields) {
      const reference = valueAt(definition, field);
      if (reference === undefined) continue;
      const resolved = await resolveSecret(reference, { env, readFile: (path) => readFile(path, 'utf8') });
      if (resolved.found) secrets[field] = resolved.value;
      else problems.push(`${definition.kind} ${definition.name}: ${field}: ${resolved.problem}`);
    }
    values.set(definition, secrets);
    return { definition, fingerprint: session.ledger.definitions.fingerprint(secrets) };
  };
  const workspaces = await Promise.all(
    declared.workspaces.map((definition) => secure(definition, workspaceSecrets(definition))),
  );
  const credentials = await Promise.all(
    declared.credentials.map((definition) => secure(definition, credentialKind(definition).secrets)),
  );
  if (problems.length > 0)
    throw new CommandError(EXIT.usage, [...problems, 'Nothing was changed.'].join('\n'));
  return { workspaces, credentials, of: (holder) => values.get(holder) ?? {} };
}

/** @param path member names, joined by dots @returns undefined where an optional secret is not given */
function valueAt(definition: object, path: string): string | undefined {
  const value = path
    .split('.')
    .reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? Reflect.get(at, key) : undefined),
      definition,
    );
  return typeof value === 'string' ? value : undefined;
}
