import { afterAll, beforeAll, beforeEach } from 'vitest';
import { BrazeSimulatorClient } from '../../braze-simulator/simulator-client.ts';
import { startBrazeSimulator } from '../../braze-simulator/start-braze-simulator.ts';
import type {
  BrazeSimulatorOptions,
  RunningBrazeSimulator,
} from '../../braze-simulator/start-braze-simulator.ts';

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

export interface CallOptions {
  /** Sent as it is where it is a text, else as JSON. */
  readonly body?: unknown;
  readonly authorization?: string;
  readonly contentType?: string;
}

export interface SimulatorUnderTest {
  readonly client: () => BrazeSimulatorClient;
  readonly url: () => string;
  readonly call: (method: string, path: string, options?: CallOptions) => Promise<Reply>;
  readonly track: (body: unknown) => Promise<Reply>;
}

/** Starts one simulator for the tests of a file and resets it before each. */
export function useSimulator(options: BrazeSimulatorOptions = {}): SimulatorUnderTest {
  let running: RunningBrazeSimulator | undefined;
  const url = (): string => running?.url ?? '';
  const client = (): BrazeSimulatorClient => new BrazeSimulatorClient(url());
  beforeAll(async () => {
    running = await startBrazeSimulator(options);
  });
  beforeEach(() => client().reset());
  afterAll(() => running?.close());

  const call: SimulatorUnderTest['call'] = async (
    method,
    path,
    { body, authorization, contentType } = {},
  ) => {
    const response = await fetch(`${url()}${path}`, {
      method,
      headers: {
        Authorization: authorization ?? 'Bearer sim-key',
        'Content-Type': contentType ?? 'application/json',
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Reply['body'],
    };
  };
  return { client, url, call, track: (body) => call('POST', '/users/track', { body }) };
}

/** So many attributes objects, each for a user of its own. */
export function users(count: number, prefix = 'user'): { external_id: string }[] {
  return Array.from({ length: count }, (_, index) => ({ external_id: `${prefix}-${index}` }));
}

/** An event that breaks no rule. */
export function event(externalId: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { external_id: externalId, name: 'seen', time: '2026-01-31T10:00:00Z', ...more };
}
