/** `cdi doctor`: looks at every part of the installation, and says what to do about what is wrong. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { MAINTENANCE_SCHEDULE_ID, SEARCH_ATTRIBUTES } from '../../model/names.ts';
import {
  clockFinding,
  type Finding,
  keyFindings,
  migrationsFinding,
  nodeFinding,
  searchAttributesFinding,
  workerFindings,
} from '../../model/doctor.ts';
import type { inspectWorker } from '../../workflows/index.ts';
import { CommandError, EXIT } from '../command-error.ts';
import type { Output } from '../output/output.ts';
import { wrap } from '../output/wrap.ts';
import type { Session } from '../session.ts';
import { answerOf } from './execute-test.ts';

const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

const TIMEOUT = '2 minutes';

/** @throws CommandError `failed` where something has to be done before runs can go well */
export async function doctor(session: Session, output: Output): Promise<void> {
  const findings: Finding[] = [nodeFinding('command line', process.versions.node)];
  const ledger = await part(findings, 'ledger', 'Check PostgreSQL and CDI_LEDGER_URL.', () =>
    inspectLedger(session),
  );
  const temporal = await part(
    findings,
    'temporal',
    'Check that Temporal runs, and TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE and its credentials.',
    () => inspectTemporal(session),
  );
  if (ledger && temporal) {
    await part(findings, 'worker', 'Start a worker (`cdi up` keeps one), and look at its log.', () =>
      inspectOneWorker(session),
    );
  }
  const errors = findings.filter(({ level }) => level === 'error').length;
  output.print(output.json ? JSON.stringify({ version, findings }) : findings.map(findingText).join('\n'));
  if (errors > 0)
    throw new CommandError(
      EXIT.failed,
      `${errors} ${errors === 1 ? 'finding asks' : 'findings ask'} for action.`,
    );
}

/** Adds what a part of the examination finds. @returns whether the part could be examined */
async function part(
  findings: Finding[],
  check: string,
  action: string,
  examine: () => Promise<Finding[]>,
): Promise<boolean> {
  try {
    findings.push(...(await examine()));
    return true;
  } catch (error) {
    const message =
      error instanceof CommandError ? error.message : `It cannot be examined (${codeOf(error)}).`;
    findings.push({ check, level: 'error', message, action });
    return false;
  }
}

/** Drivers quote addresses and users in their messages: only the code is told. */
function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' || typeof code === 'number'
    ? String(code)
    : error instanceof Error
      ? error.name
      : 'unknown';
}

async function inspectLedger({ ledger, keyring }: Session): Promise<Finding[]> {
  const state = await ledger.state();
  const findings: Finding[] = [
    { check: 'ledger', level: 'ok', message: `PostgreSQL ${state.server}` },
    migrationsFinding(state),
    clockFinding('clock', await ledger.clockOffset()),
  ];
  // Before the first migration there are no tables to look into.
  return state.pending.length > 0
    ? findings
    : [...findings, ...keyFindings(await ledger.sealedValues.countByKey(), keyring.ids)];
}

async function inspectTemporal(session: Session): Promise<Finding[]> {
  const { connection, schedule } = await session.temporal();
  const { namespace } = session.settings;
  const { serverVersion } = await connection.workflowService.getSystemInfo({});
  await connection.workflowService.describeNamespace({ namespace });
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const maintained = await schedule
    .getHandle(MAINTENANCE_SCHEDULE_ID)
    .describe()
    .then(({ state }) => !state.paused)
    .catch(() => false);
  return [
    { check: 'temporal', level: 'ok', message: `Temporal ${serverVersion ?? ''}, namespace ${namespace}` },
    searchAttributesFinding(Object.keys(SEARCH_ATTRIBUTES), Object.keys(customAttributes ?? {})),
    maintained
      ? { check: 'maintenance', level: 'ok', message: 'The maintenance schedule runs.' }
      : {
          check: 'maintenance',
          level: 'warning',
          message: 'The maintenance schedule is missing or paused: nothing that has expired is removed.',
          action: `Run \`cdi apply\`, or unpause ${MAINTENANCE_SCHEDULE_ID} in the Temporal UI.`,
        },
  ];
}

async function inspectOneWorker(session: Session): Promise<Finding[]> {
  const client = await session.temporal();
  const handle = await client.workflow.start<typeof inspectWorker>('inspectWorker', {
    workflowId: `doctor/${randomUUID()}`,
    taskQueue: session.queues.control,
    workflowExecutionTimeout: TIMEOUT,
    staticSummary: 'what a worker sees of its surroundings',
  });
  const worker = await answerOf(session, handle, 'worker', 'the examination');
  return workerFindings(worker, version, session.keyring.ids);
}

const MARKS: Record<Finding['level'], string> = { ok: '✓', warning: '!', error: '✗' };

function findingText({ check, level, message, action }: Finding): string {
  const line = `${MARKS[level]} ${check}: ${message}`;
  return action === undefined ? line : `${line}\n${wrap(action).replaceAll(/^/gm, '    ')}`;
}
