/** `cdi apply`: brings the ledger, then the schedules, in line with the definitions of a folder. */
import type { SyncDefinition } from '../../model/definitions.ts';
import { scheduleId } from '../../model/names.ts';
import type { DefinitionChanges } from '../../store/definitions.ts';
import { CommandError, EXIT } from '../command-error.ts';
import { formatProblem } from '../definitions/definition-problem.ts';
import { loadDefinitions } from '../definitions/load-definitions.ts';
import type { Definitions } from '../definitions/parse-definitions.ts';
import type { Output } from '../output/output.ts';
import { planApply } from '../reconcile/plan.ts';
import { planLines } from '../reconcile/plan-lines.ts';
import type { Plan, PlanInput, Step, WatermarkAnswer } from '../reconcile/plan-types.ts';
import { readScheduleHashes } from '../reconcile/schedules.ts';
import type { Session } from '../session.ts';
import { ensureSearchAttributes } from './ensure-search-attributes.ts';
import { applySchedule, ensureMaintenance, pauseUntilTested } from './apply-schedule.ts';
import { TestFailure } from './execute-test.ts';
import { type ResolvedSecrets, resolveSecrets } from './resolve-secrets.ts';
import { carryOutTest, failedVerdict, type TestVerdict } from './test.ts';

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
 *   `failed` where all is applied but a connection test failed; `unreachable` where no worker took the tests up
 */
export async function applyDirectory(
  session: Session,
  output: Output,
  path: string,
  options: ApplyOptions,
): Promise<void> {
  await session.ledger.migrate();
  const current = await currentDefinitions(session);
  await applyDeclared(session, output, current, await load(output, path, current), options);
}

/** `cdi credential add`: an apply of one credential's file. A sync that it moves elsewhere asks for its watermark. */
export async function addCredential(
  session: Session,
  output: Output,
  file: string,
  options: Pick<ApplyOptions, 'watermark' | 'env'>,
): Promise<void> {
  await session.ledger.migrate();
  const current = await currentDefinitions(session);
  const declared = await load(output, file, current);
  if (declared.workspaces.length > 0 || declared.syncs.length > 0 || declared.credentials.length === 0) {
    throw new CommandError(
      EXIT.usage,
      `${file} must hold credentials and nothing else; use \`cdi apply\` for the rest.`,
    );
  }
  await applyDeclared(session, output, current, declared, {
    ...options,
    dryRun: false,
    prune: false,
    test: true,
  });
  if (output.json) return;
  for (const { name } of declared.credentials) output.say(`Try it with: cdi credential test ${name}`);
}

type Accepted = Extract<Plan, { refused: false }>;
type Current = Omit<PlanInput['current'], 'scheduleHashes'>;

async function currentDefinitions({ ledger }: Session): Promise<Current> {
  const [workspaces, credentials, syncs] = await Promise.all([
    ledger.definitions.workspaces(),
    ledger.definitions.credentials(),
    ledger.definitions.syncs(),
  ]);
  return {
    workspaces,
    credentials,
    syncs: await Promise.all(
      syncs.map(async ({ name, definition, deletedAt, testedAt }) => ({
        definition,
        deleted: deletedAt !== null,
        tested: testedAt !== null,
        hasWatermark: (await ledger.watermarks.get(name)) !== undefined,
      })),
    ),
  };
}

async function load(output: Output, path: string, current: Current): Promise<Definitions> {
  const loaded = await loadDefinitions(path, {
    workspaces: current.workspaces.map(({ definition }) => definition.name),
    credentials: current.credentials.map(({ definition }) => definition.name),
  });
  if (!loaded.valid) {
    throw new CommandError(
      EXIT.usage,
      [...loaded.problems.map(formatProblem), 'Nothing was changed.'].join('\n'),
    );
  }
  for (const warning of loaded.warnings) output.say(`Warning: ${formatProblem(warning)}`);
  return loaded.definitions;
}

async function applyDeclared(
  session: Session,
  output: Output,
  current: Current,
  declared: Definitions,
  options: ApplyOptions,
): Promise<void> {
  const secrets = await resolveSecrets(session, declared, options.env);
  const plan = await planFor(session, current, declared, secrets, options);
  const { dryRun } = options;
  if (!output.json) for (const line of planLines(plan)) output.print(line);
  if (!dryRun) await carryOut(session, plan, current, declared, secrets);
  const tested = !dryRun && options.test ? await testUntested(session, output, plan) : NO_TESTS;
  if (output.json) {
    output.print(JSON.stringify({ dryRun, steps: plan.steps, notes: plan.notes, tests: tested.verdicts }));
  } else if (dryRun) {
    output.say('Dry run: nothing was changed.');
  }
  if (tested.failure) throw tested.failure;
}

/** @throws CommandError `usage` with every reason for which nothing is changed */
async function planFor(
  session: Session,
  current: Current,
  declared: Definitions,
  { workspaces, credentials }: ResolvedSecrets,
  { prune, watermark }: ApplyOptions,
): Promise<Accepted> {
  const { schedule } = await session.temporal();
  const names = new Set(
    [...current.syncs.map(({ definition }) => definition), ...declared.syncs].map(nameOf),
  );
  const plan = planApply({
    declared: { workspaces, credentials, syncs: declared.syncs },
    current: { ...current, scheduleHashes: await readScheduleHashes(schedule, [...names].map(scheduleId)) },
    open: new Set((await session.ledger.runs.unfinished()).map(({ sync }) => sync)),
    answers: answersOf(watermark),
    prune,
    controlQueue: session.queues.control,
  });
  if (!plan.refused) return plan;
  throw new CommandError(EXIT.usage, ['Nothing was changed:', ...planLines(plan)].join('\n'));
}

const nameOf = ({ name }: { readonly name: string }): string => name;

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

/** The ledger first: it is the truth, and what Temporal lacks can be made again from it. */
async function carryOut(
  session: Session,
  { steps }: Accepted,
  current: Current,
  declared: Definitions,
  secrets: ResolvedSecrets,
): Promise<void> {
  await ensureSearchAttributes(session);
  await session.ledger.definitions.change(changesOf(steps, current, declared, secrets));
  await ensureMaintenance(session);
  for (const step of steps) {
    if (step.kind !== 'schedule') continue;
    const definition = declared.syncs.find(({ name }) => name === step.name);
    await applySchedule(session, step.name, definition, step.action);
  }
  for (const step of steps) {
    if (step.kind === 'sync' && step.action === 'update' && step.retest) {
      await pauseUntilTested(session, step.name);
    }
  }
}

function changesOf(
  steps: readonly Step[],
  current: Current,
  declared: Definitions,
  secrets: ResolvedSecrets,
): DefinitionChanges {
  // A sync outside the folder changes too, where its workspace or credential moves under it.
  const syncs = new Map<string, SyncDefinition>(
    [...current.syncs.map(({ definition }) => definition), ...declared.syncs].map((sync) => [
      sync.name,
      sync,
    ]),
  );
  const written = steps.filter(({ action }) => action === 'create' || action === 'update');
  const writtenOf = (kind: Step['kind']): Set<string> =>
    new Set(written.filter((step) => step.kind === kind).map(nameOf));
  const [workspaces, credentials] = [writtenOf('workspace'), writtenOf('credential')];
  const deleted = (kind: Step['kind']): string[] =>
    steps.filter((step) => step.kind === kind && step.action === 'delete').map(nameOf);
  return {
    workspaces: declared.workspaces
      .filter(({ name }) => workspaces.has(name))
      .map((definition) => ({ definition, secrets: secrets.of(definition) })),
    credentials: declared.credentials
      .filter(({ name }) => credentials.has(name))
      .map((definition) => ({ definition, secrets: secrets.of(definition) })),
    syncs: written.flatMap((step) => {
      const definition = step.kind === 'sync' ? syncs.get(step.name) : undefined;
      if (step.kind !== 'sync' || !definition) return [];
      return [{ definition, watermark: step.watermark, retest: step.retest }];
    }),
    deleteSyncs: deleted('sync'),
    deleteCredentials: deleted('credential'),
    deleteWorkspaces: deleted('workspace'),
  };
}

interface Tests {
  readonly verdicts: readonly TestVerdict[];
  readonly failure?: CommandError;
}

const NO_TESTS: Tests = { verdicts: [] };

/** New syncs, and those that read elsewhere now, start with their test; one that fails stays paused and says why. */
async function testUntested(session: Session, output: Output, { steps }: Accepted): Promise<Tests> {
  const names = new Set(
    steps.filter(({ kind, action }) => kind === 'sync' && action !== 'delete').map(nameOf),
  );
  const untested = (await session.ledger.definitions.syncs()).filter(
    ({ name, testedAt }) => names.has(name) && !testedAt,
  );
  const verdicts: TestVerdict[] = [];
  const failures: CommandError[] = [];
  for (const { name } of untested) {
    try {
      const { message } = await carryOutTest(session, name);
      verdicts.push({ sync: name, passed: true });
      if (!output.json) output.print(message);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      failures.push(error);
      if (!(error instanceof TestFailure)) break;
      verdicts.push(failedVerdict(name, error));
    }
  }
  if (failures.length === 0) return { verdicts };
  const away = failures.some(({ exitCode }) => exitCode === EXIT.unreachable);
  const failure = new CommandError(
    away ? EXIT.unreachable : EXIT.failed,
    [
      ...failures.map(({ message }) => message),
      'Everything is applied; syncs that have not passed their test stay paused.',
    ].join('\n'),
  );
  return { verdicts, failure };
}
