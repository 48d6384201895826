/** `cdi apply`: brings the ledger, then the schedules, in line with the definitions of a folder. */
import { readFile } from 'node:fs/promises';
import type { CredentialDefinition, SyncDefinition, WorkspaceDefinition } from '../../model/definitions.ts';
import { scheduleId } from '../../model/names.ts';
import { SECRET_FIELDS } from '../../model/warehouse-credentials.ts';
import type { DefinitionChanges, Secrets } from '../../store/definitions.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { formatProblem } from '../definitions/definition-problem.ts';
import { loadDefinitions } from '../definitions/load-definitions.ts';
import type { Definitions } from '../definitions/parse-definitions.ts';
import { resolveSecret } from '../definitions/resolve-secret.ts';
import type { Output } from '../output/output.ts';
import { planApply } from '../reconcile/plan.ts';
import { planLines } from '../reconcile/plan-lines.ts';
import type { Plan, Secured, WatermarkAnswer } from '../reconcile/plan-types.ts';
import { readScheduleHashes } from '../reconcile/schedules.ts';
import type { Session } from '../session.ts';
import { ensureSearchAttributes } from './ensure-search-attributes.ts';
import { applySchedule, ensureMaintenance } from './apply-schedule.ts';
import { testOneSync } from './test.ts';

export interface ApplyOptions {
  readonly dryRun: boolean;
  readonly prune: boolean;
  /** `NAME=keep` or `NAME=reset`. */
  readonly watermark: readonly string[];
  /** Whether syncs that have not passed their test are tested now. */
  readonly test: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * @throws CommandError `usage` where a definition is wrong or a question is unanswered; nothing is changed then;
 *   `failed` where all is applied but a connection test failed
 */
export async function applyDirectory(
  session: Session,
  output: Output,
  path: string,
  options: ApplyOptions,
): Promise<void> {
  const { definitions: ledger } = session.ledger;
  await session.ledger.migrate();
  const current = {
    workspaces: await ledger.workspaces(),
    credentials: await ledger.credentials(),
    syncs: await ledger.syncs(),
  };
  const declared = await load(output, path, {
    workspaces: current.workspaces.map(({ definition }) => definition.name),
    credentials: current.credentials.map(({ definition }) => definition.name),
  });
  const secrets = await resolveSecrets(session, declared, options.env);
  const client = await session.temporal();
  const ids = [...current.syncs.map(({ name }) => name), ...declared.syncs.map(({ name }) => name)].map(
    scheduleId,
  );
  const watermarks = await Promise.all(
    current.syncs.map(async ({ name }) => (await session.ledger.watermarks.get(name)) !== undefined),
  );
  const plan = planApply({
    declared: { workspaces: secrets.workspaces, credentials: secrets.credentials, syncs: declared.syncs },
    current: {
      workspaces: current.workspaces,
      credentials: current.credentials,
      syncs: current.syncs.map((sync, index) => ({
        definition: sync.definition,
        deleted: sync.deletedAt !== null,
        tested: sync.testedAt !== null,
        hasWatermark: watermarks[index] ?? false,
      })),
      scheduleHashes: await readScheduleHashes(client.schedule, [...new Set(ids)]),
    },
    open: new Set((await session.ledger.runs.unfinished()).map(({ sync }) => sync)),
    answers: answersOf(options.watermark),
    prune: options.prune,
    controlQueue: session.queues.control,
  });
  if (plan.refused) {
    throw new CommandError(EXIT.usage, ['Nothing was changed:', ...planLines(plan)].join('\n'));
  }
  if (output.json)
    output.print(JSON.stringify({ dryRun: options.dryRun, steps: plan.steps, notes: plan.notes }));
  else for (const line of planLines(plan)) output.print(line);
  if (options.dryRun) return;

  await ensureSearchAttributes(session);
  await ledger.change(changesOf(plan, declared, secrets.values));
  await ensureMaintenance(session);
  for (const step of plan.steps) {
    if (step.kind !== 'schedule') continue;
    await applySchedule(
      session,
      step.name,
      declared.syncs.find(({ name }) => name === step.name),
      step.action,
    );
  }
  if (options.test) await testUntested(session, output, declared.syncs);
}

/** `cdi credential add`: applies one credential's file and nothing else. */
export async function addCredential(
  session: Session,
  output: Output,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  await session.ledger.migrate();
  const declared = await load(output, file, { workspaces: [], credentials: [] });
  if (declared.workspaces.length > 0 || declared.syncs.length > 0 || declared.credentials.length === 0) {
    throw new CommandError(
      EXIT.usage,
      `${file} must hold credentials and nothing else; use \`cdi apply\` for the rest.`,
    );
  }
  const secrets = await resolveSecrets(session, declared, env);
  await session.ledger.definitions.change({
    ...NO_CHANGES,
    credentials: declared.credentials.map((definition) => ({
      definition,
      secrets: secrets.values.get(definition) ?? {},
    })),
  });
  for (const { name } of declared.credentials) {
    output.print(
      output.json
        ? JSON.stringify({ credential: name })
        : `${name}: stored. Try it with: cdi credential test ${name}`,
    );
  }
}

const NO_CHANGES: DefinitionChanges = {
  workspaces: [],
  credentials: [],
  syncs: [],
  deleteSyncs: [],
  deleteCredentials: [],
  deleteWorkspaces: [],
};

async function load(
  output: Output,
  path: string,
  known: { workspaces: string[]; credentials: string[] },
): Promise<Definitions> {
  const loaded = await loadDefinitions(path, known);
  if (!loaded.valid) {
    throw new CommandError(
      EXIT.usage,
      [...loaded.problems.map(formatProblem), 'Nothing was changed.'].join('\n'),
    );
  }
  for (const warning of loaded.warnings) output.say(`Warning: ${formatProblem(warning)}`);
  return loaded.definitions;
}

type SecretHolder = WorkspaceDefinition | CredentialDefinition;

interface ResolvedSecrets {
  readonly workspaces: Secured<WorkspaceDefinition>[];
  readonly credentials: Secured<CredentialDefinition>[];
  readonly values: ReadonlyMap<SecretHolder, Secrets>;
}

/** Looks every secret up before anything is changed. */
async function resolveSecrets(
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
      const reference = String(Reflect.get(definition, field));
      const resolved = await resolveSecret(reference, { env, readFile: (path) => readFile(path, 'utf8') });
      if (resolved.found) secrets[field] = resolved.value;
      else problems.push(`${definition.kind} ${definition.name}: ${field}: ${resolved.problem}`);
    }
    values.set(definition, secrets);
    return { definition, fingerprint: session.ledger.definitions.fingerprint(secrets) };
  };
  const workspaces = await Promise.all(
    declared.workspaces.map((definition) => secure(definition, ['api_key'])),
  );
  const credentials = await Promise.all(
    declared.credentials.map((definition) => secure(definition, SECRET_FIELDS[definition.warehouse])),
  );
  if (problems.length > 0)
    throw new CommandError(EXIT.usage, [...problems, 'Nothing was changed.'].join('\n'));
  return { workspaces, credentials, values };
}

function answersOf(texts: readonly string[]): Map<string, WatermarkAnswer> {
  return new Map(
    texts.map((text) => {
      const [, name, answer] = /^(.+)=(keep|reset)$/.exec(text) ?? [];
      if (name === undefined)
        throw new CommandError(EXIT.usage, `--watermark is NAME=keep or NAME=reset, not \`${text}\`.`);
      return [name, answer as WatermarkAnswer];
    }),
  );
}

function changesOf(
  plan: Extract<Plan, { refused: false }>,
  declared: Definitions,
  values: ReadonlyMap<SecretHolder, Secrets>,
): DefinitionChanges {
  const named = <D extends { name: string }>(list: readonly D[], name: string): D[] =>
    list.filter((each) => each.name === name);
  const steps = plan.steps.filter(({ action }) => action !== 'unchanged');
  const written = steps.filter(({ action }) => action !== 'delete');
  const deleted = (kind: string): string[] =>
    steps.filter((step) => step.kind === kind && step.action === 'delete').map(({ name }) => name);
  return {
    workspaces: written
      .filter(({ kind }) => kind === 'workspace')
      .flatMap(({ name }) => named(declared.workspaces, name))
      .map((definition) => ({ definition, secrets: values.get(definition) ?? {} })),
    credentials: written
      .filter(({ kind }) => kind === 'credential')
      .flatMap(({ name }) => named(declared.credentials, name))
      .map((definition) => ({ definition, secrets: values.get(definition) ?? {} })),
    syncs: written.flatMap((step) =>
      step.kind === 'sync'
        ? named(declared.syncs, step.name).map((definition) => ({
            definition,
            watermark: step.watermark,
            retest: step.retest,
          }))
        : [],
    ),
    deleteSyncs: deleted('sync'),
    deleteCredentials: deleted('credential'),
    deleteWorkspaces: deleted('workspace'),
  };
}

/** New syncs start with their test; one that fails stays paused and says why. */
async function testUntested(
  session: Session,
  output: Output,
  declared: readonly SyncDefinition[],
): Promise<void> {
  const names = new Set(declared.map(({ name }) => name));
  const untested = (await session.ledger.definitions.syncs()).filter(
    ({ name, testedAt, deletedAt }) => names.has(name) && !testedAt && !deletedAt,
  );
  const failures: string[] = [];
  for (const { name } of untested) {
    try {
      await testOneSync(session, output, name, true);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      failures.push(error.message);
      if (error.exitCode === EXIT.unreachable) break;
    }
  }
  if (failures.length > 0) {
    throw new CommandError(
      EXIT.failed,
      [...failures, 'Everything is applied; syncs that failed their test stay paused.'].join('\n'),
    );
  }
}
