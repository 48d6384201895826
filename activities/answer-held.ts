/** Notes in the ledger how people answered a held run; a rejected one pauses its schedule. */
import { type HeldDecision, heldQuestion } from '../model/guard.ts';
import type { ActivityDependencies } from './dependencies.ts';

export interface AnswerHeldInput {
  readonly sync: string;
  readonly run: string;
  readonly decision: HeldDecision;
  readonly by: string;
}

export function answerHeld({ ledger, temporal, log }: ActivityDependencies) {
  return async ({ sync, run, decision, by }: AnswerHeldInput): Promise<void> => {
    const record = await ledger.runs.get(run);
    if (record?.status !== 'held') return;
    if (decision === 'rejected') {
      const { held } = record;
      const note = `A held run was rejected by ${by}. ${held ? `${heldQuestion(held)} ` : ''}Go on with: cdi resume ${sync}`;
      await temporal.pauseSchedule(sync, note);
      await ledger.definitions.setPaused(sync, true, note);
    }
    await ledger.runs.answerHeld(run, { decision, by, at: new Date().toISOString() });
    log.info({ sync, run, decision }, 'held run answered');
  };
}
