/** `cdi list`, `cdi status`, `cdi show`, `cdi runs`: what there is, and how it is doing. */
import { ScheduleNotFoundError } from '@temporalio/client';
import { stringify } from 'yaml';
import { scheduleId } from '../../model/names.ts';
import { heldQuestion } from '../../model/guard.ts';
import type { Correction } from '../../store/corrections.ts';
import type { StoredSync } from '../../store/definitions.ts';
import type { Output } from '../output/output.ts';
import { table } from '../output/table.ts';
import type { Session } from '../session.ts';
import { scheduleText, syncState } from '../sync-state.ts';
import { rowsPerSecond, runAsJson, runSeconds } from './describe-run.ts';
import { requireSync } from './require-sync.ts';

async function liveSyncs(session: Session): Promise<StoredSync[]> {
  return (await session.ledger.definitions.syncs()).filter((sync) => sync.deletedAt === null);
}

export async function listSyncs(session: Session, output: Output): Promise<void> {
  const syncs = await liveSyncs(session);
  if (output.json) {
    output.print(JSON.stringify(syncs.map((sync) => ({ ...sync.definition, state: syncState(sync) }))));
    return;
  }
  const rows = syncs.map((sync) => {
    const { definition } = sync;
    const source = `${definition.source.schema}.${definition.source.table}`;
    return [
      sync.name,
      definition.data_type,
      source,
      definition.workspace,
      scheduleText(definition),
      syncState(sync),
    ];
  });
  output.print(table(['SYNC', 'DATA TYPE', 'SOURCE', 'WORKSPACE', 'SCHEDULE', 'STATE'], rows));
}

interface ScheduleState {
  readonly next: Date | undefined;
  readonly paused: boolean;
  readonly note: string | undefined;
}

async function scheduleState(session: Session, name: string): Promise<ScheduleState | undefined> {
  try {
    const { info, state } = await (await session.temporal()).schedule.getHandle(scheduleId(name)).describe();
    return { next: info.nextActionTimes[0], paused: state.paused, note: state.note };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** As Temporal has it; the ledger follows within a minute. */
function presentState(sync: StoredSync, state: ScheduleState | undefined): string {
  return syncState(state ? { ...sync, paused: state.paused } : sync);
}

const time = (date: Date | null | undefined): string => (date ? `${date.toISOString().slice(0, 19)}Z` : '–');

export async function showStatus(session: Session, output: Output): Promise<void> {
  const [syncs, latest] = [await liveSyncs(session), await session.ledger.runs.latest()];
  const states = await Promise.all(syncs.map((sync) => scheduleState(session, sync.name)));
  if (output.json) {
    const result = syncs.map((sync, index) => {
      const run = latest.get(sync.name);
      const state = states[index];
      return {
        sync: sync.name,
        state: presentState(sync, state),
        paused: state?.paused ?? sync.paused,
        note: state?.note ?? sync.pauseNote,
        nextRun: state?.paused ? null : (state?.next?.toISOString() ?? null),
        lastRun: run ? runAsJson(run) : null,
      };
    });
    output.print(JSON.stringify(result));
    return;
  }
  const rows = syncs.map((sync, index) => {
    const run = latest.get(sync.name);
    const state = states[index];
    return [
      sync.name,
      presentState(sync, state),
      run?.status ?? '–',
      time(run?.startedAt),
      run?.counts.sent ?? 0,
      run?.counts.rejected ?? 0,
      run?.watermarkAfter ?? '–',
      state?.paused ? '–' : time(state?.next),
    ];
  });
  output.print(
    table(['SYNC', 'STATE', 'LAST RUN', 'STARTED', 'SENT', 'REJECTED', 'DELIVERED UP TO', 'NEXT RUN'], rows),
  );
}

const CORRECTIONS_SHOWN = 10;

function correctionFacts({ kind, by, at, run, details }: Correction): object {
  return { kind, by, at: at.toISOString(), ...(run === null ? {} : { run }), ...details };
}

export async function showSync(session: Session, output: Output, name: string): Promise<void> {
  const sync = await requireSync(session, name);
  const state = await scheduleState(session, name);
  const watermark = await session.ledger.watermarks.get(name);
  const corrections = await session.ledger.corrections.ofSync(name, CORRECTIONS_SHOWN);
  const [held] = (await session.ledger.runs.unfinished(name)).filter(({ status }) => status === 'held');
  const facts = {
    state: presentState(sync, state),
    watermark: watermark?.value ?? null,
    tested_at: sync.testedAt?.toISOString() ?? null,
    paused: state?.paused ?? sync.paused,
    pause_note: state?.note ?? sync.pauseNote,
    next_run: state?.paused ? null : (state?.next?.toISOString() ?? null),
    ...(held?.held ? { held: heldQuestion(held.held) } : {}),
    ...(corrections.length > 0 ? { corrections: corrections.map(correctionFacts) } : {}),
  };
  output.print(
    output.json
      ? JSON.stringify({ ...sync.definition, ...facts })
      : stringify({ ...sync.definition, now: facts }).trimEnd(),
  );
}

export async function showRuns(session: Session, output: Output, name: string, limit: number): Promise<void> {
  await requireSync(session, name);
  const runs = await session.ledger.runs.ofSync(name, limit);
  if (output.json) {
    const ranges = await Promise.all(runs.map((run) => session.ledger.runs.possiblyDoubled(run.id)));
    output.print(
      JSON.stringify(runs.map((run, index) => ({ ...runAsJson(run), possiblyDoubledRanges: ranges[index] }))),
    );
    return;
  }
  const rows = runs.map((run) => [
    run.id,
    run.trigger,
    run.status,
    time(run.startedAt),
    `${runSeconds(run).toFixed(1)} s`,
    run.counts.read,
    run.counts.sent,
    run.counts.rejected,
    rowsPerSecond(run),
    run.error?.type ?? '',
  ]);
  output.print(
    table(
      ['RUN', 'TRIGGER', 'STATUS', 'STARTED', 'TOOK', 'READ', 'SENT', 'REJECTED', 'ROWS/S', 'ERROR'],
      rows,
    ),
  );
}
