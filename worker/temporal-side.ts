/** What the activities ask of Temporal, over the worker's own connection. */
import { type Client, ScheduleNotFoundError, WorkflowNotFoundError } from '@temporalio/client';
import type { TemporalSide } from '../activities/dependencies.ts';
import { runWorkflowId, scheduleId } from '../model/names.ts';

export function temporalSide(client: Client): TemporalSide {
  return {
    async openRun(sync) {
      try {
        const { status, runId } = await client.workflow.getHandle(runWorkflowId(sync)).describe();
        return status.name === 'RUNNING' ? runId : undefined;
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return undefined;
        throw error;
      }
    },

    async pauseSchedule(sync, note) {
      try {
        await client.schedule.getHandle(scheduleId(sync)).pause(note);
      } catch (error) {
        if (!(error instanceof ScheduleNotFoundError)) throw error;
      }
    },

    async schedulePauses() {
      const pauses = new Map<string, { paused: boolean; note: string | undefined }>();
      for await (const { scheduleId, state } of client.schedule.list()) {
        const sync = /^sync\/(.+)$/.exec(scheduleId)?.[1];
        if (sync !== undefined) pauses.set(sync, { paused: state.paused, note: state.note });
      }
      return pauses;
    },
  };
}
