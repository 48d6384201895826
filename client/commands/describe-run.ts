/** A run in words, and for scripts. */
import { type HeldRun, heldQuestion } from '../../model/guard.ts';
import type { RunRecord } from '../../store/runs.ts';

const number = (value: number): string => value.toLocaleString('en-US');

/** Seconds from start to end, or until now. */
export function runSeconds(run: RunRecord): number {
  return ((run.finishedAt ?? new Date()).getTime() - run.startedAt.getTime()) / 1_000;
}

export function rowsPerSecond(run: RunRecord): number {
  const seconds = runSeconds(run);
  return seconds > 0 ? Math.round(run.counts.sent / seconds) : 0;
}

export function runSummary(run: RunRecord): string {
  const { counts } = run;
  const lines = [
    `${run.sync}: ${run.status}, ${number(counts.read)} rows read, ${number(counts.sent)} sent, ` +
      `${number(counts.rejected)} rejected, ${number(counts.requests)} requests ` +
      `in ${runSeconds(run).toFixed(1)} s (${number(rowsPerSecond(run))} rows/s)`,
  ];
  if (counts.possiblyDoubled > 0) {
    lines.push(
      `  Up to ${number(counts.possiblyDoubled)} rows may have reached Braze twice: an answer was lost.`,
    );
  }
  for (const warning of run.warnings) lines.push(`  ${warning}`);
  if (run.held?.answer)
    lines.push(`  It was held, and ${run.held.answer.decision} by ${run.held.answer.by}.`);
  if (run.error) lines.push(`  ${run.error.type}: ${run.error.message}`);
  if (counts.rejected > 0) lines.push(`  See them with: cdi rejected ${run.sync} --run ${run.id}`);
  return lines.join('\n');
}

/** What a held run asks, and how to answer. */
export function heldNotice(sync: string, held: HeldRun): string {
  return (
    `${sync}: the run is held. ${heldQuestion(held)}\n` +
    `  Let it go on: cdi approve ${sync}. End it and pause the schedule: cdi reject ${sync}.`
  );
}

export type RunAsJson = ReturnType<typeof runAsJson>;

export function runAsJson(run: RunRecord) {
  return {
    run: run.id,
    sync: run.sync,
    dataType: run.dataType,
    trigger: run.trigger,
    status: run.status,
    ...run.counts,
    futureRows: run.futureRows,
    nullRows: run.nullRows,
    watermarkBefore: run.watermarkBefore,
    watermarkAfter: run.watermarkAfter,
    upperBound: run.upperBound,
    warnings: run.warnings,
    error: run.error,
    held: run.held,
    startedAt: run.startedAt.toISOString(),
    finishedAt: run.finishedAt?.toISOString() ?? null,
    seconds: runSeconds(run),
    rowsPerSecond: rowsPerSecond(run),
  };
}
