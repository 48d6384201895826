import { describe, expect, it } from 'vitest';
import { ERROR_RULES } from '../../../model/errors.ts';
import { summaryContent, openedContent, recoveredContent } from '../../../notify/incident-content.ts';
import { renderContent } from '../../../notify/render-mail.ts';
import type { Incident, Notice } from '../../../store/incidents.ts';

const incident = (own: Partial<Incident> = {}): Incident => ({
  id: 7,
  subject: { type: 'sync', name: 'users' },
  kind: 'stale',
  detail: { since: '2026-01-31 08:00:00 UTC' },
  run: null,
  occurrences: 1,
  openedAt: new Date('2026-01-31T12:00:00Z'),
  closedAt: null,
  ...own,
});

const answers = (content: { answers: readonly (readonly [string, string])[] }): Record<string, string> =>
  Object.fromEntries(content.answers);

describe('an incident in words', () => {
  it('says what happened, who must act and what to do', () => {
    const content = openedContent([incident()]);
    expect(content.subject).toBe('[braze-cdi] users is stale');
    expect(answers(content)).toEqual({
      'What happened':
        'No run has ended well, and the watermark has not moved, since 2026-01-31 08:00:00 UTC.',
      'Who must act': 'The operator of this braze-cdi installation.',
      'What to do': expect.stringContaining('cdi status') as string,
    });
  });

  it.each([
    [
      { kind: 'paused', detail: { failures: 5, error: 'table_missing' } },
      'The schedule is paused: 5 runs in a row failed. The source table or view does not exist.',
    ],
    [{ kind: 'rows_in_future', detail: { rows: 1_200 } }, 'UPDATED_AT lies in the future: 1,200 rows.'],
    [{ kind: 'rows_rejected', detail: { read: 10, rejected: 3 } }, 'Of 10 rows, 3 were rejected (30 %).'],
    [{ kind: 'guard_near', detail: { rows: 9, ceiling: 10 } }, 'A run read 9 rows; max_rows_per_run is 10.'],
    [
      { kind: 'digests_near', detail: { rows: 9, ceiling: 10 } },
      'Digests of 9 rows are kept; digest_rows is 10.',
    ],
    [
      { kind: 'lookback_near', detail: { rows: 9, ceiling: 10 } },
      'The lookback holds 9 rows; lookback_rows is 10.',
    ],
    [
      { kind: 'credential_expires', detail: { days: 1, expires: '2026-02-01' } },
      'Its secret expires on 2026-02-01: 1 day is left.',
    ],
    [
      { kind: 'credential_expires', detail: { days: 0, expires: '2026-01-01' } },
      'Its secret expires on 2026-01-01: it has expired.',
    ],
    [
      { kind: 'rows_unread', detail: { rows: 3 } },
      'Behind the watermark at least 3 rows came in that no run has read.',
    ],
    [{ kind: 'failed:table_missing', detail: {} }, 'The source table or view does not exist.'],
  ] as const)('%j', (own, sentence) => {
    expect(answers(openedContent([incident(own)]))['What happened']).toBe(sentence);
  });

  it('leads a paused schedule back with one command', () => {
    const content = openedContent([incident({ kind: 'paused' })]);
    expect(content.commands.map(({ line }) => line)).toContain('cdi resume users');
  });

  it('names a recovery with all that is over, and how long it lasted', () => {
    const closedAt = new Date('2026-01-31T14:05:00Z');
    const content = recoveredContent([
      incident({ kind: 'failed:table_missing', occurrences: 9, closedAt }),
      incident({ closedAt }),
    ]);
    expect(content.subject).toBe('[braze-cdi] users has recovered');
    expect(answers(content)).toMatchObject({
      'What happened':
        'Over: failed, The source table or view does not exist. It lasted 2 h 5 min, in 9 runs. ' +
        'Over: is stale. It lasted 2 h 5 min.',
      'Who must act': 'Nobody.',
    });
  });

  it('puts many into one message, each with who must act and what to do', () => {
    const notices: Notice[] = [
      { id: 1, event: 'opened', incident: incident({ kind: 'failed:table_missing' }) },
      { id: 2, event: 'opened', incident: incident({ subject: { type: 'sync', name: 'events' } }) },
      { id: 3, event: 'recovered', incident: incident({ subject: { type: 'sync', name: 'purchases' } }) },
    ];
    const content = summaryContent(notices);
    expect(content.subject).toBe('[braze-cdi] 3 incidents: 2 opened, 1 recovered');
    expect(content.items).toHaveLength(3);
    expect(content.items[0]).toContain(ERROR_RULES.table_missing.hint);
    expect(content.items[1]).toContain('events is stale.');
    expect(content.items[2]).toContain('purchases has recovered');
    const mail = renderContent(content, {
      key: 'summary',
      recipients: ['team@example.com'],
      facts: { event: 'summary', incidents: [], sync: null, credential: null, run: null },
    });
    for (const part of [mail.text, mail.html])
      for (const item of ['events is stale', 'purchases has']) {
        expect(part).toContain(item);
      }
    expect(mail.facts.items).toEqual(content.items);
  });
});
