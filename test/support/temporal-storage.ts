/** Everything that Temporal stores of an installation's workflows, as text in which a test can look for values. */
import type { Session } from '../../client/session.ts';

export interface StoredWorkflow {
  readonly workflowId: string;
  readonly type: string;
  /** Every text and every payload of its history and of its description, decoded, one to a line. */
  readonly text: string;
}

/** Reads every workflow execution that ran on the installation's queues: histories, memos, attributes, heartbeats. */
export async function storedWorkflows(session: Session): Promise<StoredWorkflow[]> {
  const client = await session.temporal();
  const stored: StoredWorkflow[] = [];
  const query = `TaskQueue = '${session.queues.control}'`;
  for await (const { workflowId, runId, type, raw } of client.workflow.list({ query })) {
    const handle = client.workflow.getHandle(workflowId, runId);
    const parts = [raw, (await handle.describe()).raw, await handle.fetchHistory()];
    stored.push({ workflowId, type, text: parts.flatMap((part) => [...textsOf(part)]).join('\n') });
  }
  return stored;
}

/** Every text below a value; bytes are read as UTF-8, and what is base64 within a text is decoded as well. */
function* textsOf(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    yield value;
    for (const [encoded] of value.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)) {
      yield Buffer.from(encoded, 'base64').toString('utf8');
    }
  } else if (value instanceof Uint8Array) {
    yield* textsOf(Buffer.from(value).toString('utf8'));
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      yield key;
      yield* textsOf(inner);
    }
  }
}
