import { afterEach, expect, test, vi } from 'vitest';
import { BatchPageWriter, StagedBatch } from '../../../activities/braze/batch-pages.ts';
import type { BrazeAnswer } from '../../../activities/braze/client.ts';
import { endpointOf } from '../../../activities/braze/endpoints.ts';
import { type SendContext, newTally, sendBatch } from '../../../activities/braze/send-batch.ts';

const endpoint = endpointOf('events', '');

/** One event, as it lies in staging. */
function oneEvent(): StagedBatch {
  const writer = new BatchPageWriter();
  const text = Buffer.from('{"external_id":"u","name":"n","time":"2026-01-01T00:00:00Z"}');
  writer.begin(text, () => undefined);
  writer.add(endpoint, [{ start: 0, end: text.length, user: 0, rows: [0] }]);
  return new StagedBatch('events', writer.bytes);
}

const answer = (status: number, headers: Record<string, string> = {}): BrazeAnswer => ({
  status,
  headers,
  body: '{"message":"success"}',
});

/** @param answers of Braze, one after the other; the last one stays */
function contextWith(answers: readonly BrazeAnswer[]): { context: SendContext; pauses: number[] } {
  const pauses: number[] = [];
  let request = 0;
  const context: SendContext = {
    client: {
      send: async () => answers[Math.min(request++, answers.length - 1)] ?? answer(500),
      destroy: async () => undefined,
    },
    endpoint,
    budget: {
      perSecond: 1_000,
      take: async () => undefined,
      observe: () => undefined,
      refuse: (waitMs) => void pauses.push(waitMs),
    },
    concurrency: {
      answered: () => undefined,
      troubled: () => undefined,
    } as unknown as SendContext['concurrency'],
    mayWrite: () => true,
    untilMayWrite: async () => undefined,
    troubled: () => undefined,
    signal: new AbortController().signal,
  };
  return { context, pauses };
}

afterEach(() => {
  vi.restoreAllMocks();
});

test('pauses grow while a 429 does not say how long to wait, up to a minute; what it says counts', async () => {
  const silent = answer(429);
  const told = answer(429, { 'x-ratelimit-retry-after': '7' });
  const { context, pauses } = contextWith([
    silent,
    silent,
    told,
    ...Array.from({ length: 5 }, () => silent),
    answer(201),
  ]);
  const tally = newTally();
  expect(await sendBatch(oneEvent(), context, tally)).toEqual([]);
  expect(pauses).toEqual([1_000, 2_000, 7_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  expect(tally).toMatchObject({ requests: 9, taken: true, answerLost: false });
});

test('a rate limit that does not end fails the step after an hour, with nothing in doubt', async () => {
  const { context, pauses } = contextWith([answer(429)]);
  let now = 1_000_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  context.budget.refuse = (waitMs) => {
    pauses.push(waitMs);
    now += 60_000;
  };
  const tally = newTally();
  await expect(sendBatch(oneEvent(), context, tally)).rejects.toMatchObject({
    type: 'braze_rate_limited',
    vendorCode: '429',
  });
  expect(pauses).toHaveLength(61);
  expect(tally).toMatchObject({ taken: false, answerLost: false });
});

test('the tally knows of a request that was written late', async () => {
  const { context } = contextWith([]);
  const tally = newTally();
  const client: SendContext['client'] = {
    send: async (_endpoint, _body, _mayWrite, wroteLate) => {
      wroteLate?.();
      return answer(201);
    },
    destroy: async () => undefined,
  };
  await sendBatch(oneEvent(), { ...context, client }, tally);
  expect(tally.late).toBe(true);
});
