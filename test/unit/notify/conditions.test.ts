import { describe, expect, it } from 'vitest';
import { credentialSchema, syncSchema } from '../../../model/definitions.ts';
import type { IncidentKind } from '../../../model/incident.ts';
import { changesOf } from '../../../notify/conditions.ts';
import type { Incident } from '../../../store/incidents.ts';
import type { SyncState } from '../../../store/sync-states.ts';

const now = new Date('2026-01-31T12:00:00Z');
const ago = (hours: number): Date => new Date(now.getTime() - hours * 3_600_000);

function state(name: string, own: Partial<SyncState> = {}, definition: object = {}): SyncState {
  return {
    name,
    definition: syncSchema.parse({
      kind: 'sync',
      name,
      workspace: 'main',
      credential: 'source',
      source: { schema: 'cdi', table: name },
      data_type: 'attributes',
      schedule: { every: '1h' },
      notifications: { contacts: ['team@example.com'] },
      ...definition,
    }),
    isPaused: false,
    isHeld: false,
    testedAt: ago(100),
    resumedAt: null,
    succeededAt: ago(1),
    committedAt: null,
    lastStatus: 'success',
    deliveredUpTo: null,
    digestRows: 0,
    lookbackRows: 0,
    ...own,
  };
}

const incident = (name: string, kind: IncidentKind, type: 'sync' | 'credential' = 'sync'): Incident => ({
  id: 1,
  subject: { type, name },
  kind,
  detail: {},
  run: null,
  occurrences: 1,
  openedAt: ago(2),
  closedAt: null,
});

const credential = (own: object = {}) =>
  credentialSchema.parse({
    kind: 'credential',
    name: 'source',
    warehouse: 'fabric',
    server: 'x.datawarehouse.fabric.microsoft.com',
    database: 'd',
    tenant_id: 't',
    client_id: 'c',
    client_secret: '${env:S}',
    ...own,
  });

const look = (
  syncs: readonly SyncState[],
  open: readonly Incident[] = [],
  credentials = [credential()],
): ReturnType<typeof changesOf> => changesOf({ syncs, credentials, open }, now);

describe('a look at the ledger', () => {
  it('finds what is stale, once, and that it is so no longer', () => {
    const stale = state('users', { succeededAt: ago(4) });
    expect(look([stale]).raise).toEqual([
      {
        subject: { type: 'sync', name: 'users' },
        kind: 'stale',
        detail: { since: '2026-01-31 08:00:00 UTC' },
      },
    ]);
    const open = incident('users', 'stale');
    expect(look([stale], [open])).toEqual({ raise: [], close: [], drop: [] });
    expect(look([state('users')], [open])).toEqual({ raise: [], close: [open], drop: [] });
  });

  it('does not call it a recovery where a stale sync is paused, or waits for people', () => {
    const open = incident('users', 'stale');
    for (const own of [{ isPaused: true }, { isHeld: true }])
      expect(look([state('users', { succeededAt: ago(4), ...own })], [open])).toEqual({
        raise: [],
        close: [],
        drop: [open],
      });
  });

  it('lets go of whatever was wrong with what is deleted', () => {
    const open = [
      incident('gone', 'failed:table_missing'),
      incident('old', 'credential_expires', 'credential'),
    ];
    expect(look([state('users')], open)).toEqual({ raise: [], close: [], drop: open });
  });

  it('leaves alone what only a run can end', () => {
    const open = [incident('users', 'failed:table_missing'), incident('users', 'rows_in_future')];
    expect(look([state('users')], open)).toEqual({ raise: [], close: [], drop: [] });
  });

  it('ends the incident of a pause when the schedule is let go', () => {
    const open = incident('users', 'paused');
    expect(look([state('users', { isPaused: true })], [open])).toEqual({ raise: [], close: [], drop: [] });
    expect(look([state('users')], [open]).close).toEqual([open]);
  });

  it('finds a secret that is about to expire, of a credential that is used', () => {
    const expiring = [credential({ expires: '2026-02-03' })];
    expect(look([state('users')], [], expiring).raise).toEqual([
      {
        subject: { type: 'credential', name: 'source' },
        kind: 'credential_expires',
        detail: { days: 3, expires: '2026-02-03' },
      },
    ]);
    expect(look([], [], expiring).raise).toEqual([]);
    expect(look([state('users')], [], [credential({ expires: '2027-02-03' })]).raise).toEqual([]);
    const open = incident('source', 'credential_expires', 'credential');
    expect(look([state('users')], [open]).close).toEqual([open]);
  });

  it('finds ceilings that come near, unless nobody wants to know', () => {
    const near = { digestRows: 80, lookbackRows: 80 };
    const options = { digest_rows: 100, lookback: '1h', lookback_rows: 100 };
    const kinds = (definition: object): string[] =>
      look([state('users', near, definition)]).raise.map(({ kind }) => kind);
    expect(kinds({ options })).toEqual(['digests_near', 'lookback_near']);
    expect(kinds({ options: { ...options, lookback: '0s' } })).toEqual(['digests_near']);
    expect(kinds({ options: { digest_rows: 101 } })).toEqual([]);
    const notifications = { contacts: ['team@example.com'], on_warnings: false };
    expect(kinds({ options, notifications })).toEqual([]);
  });
});
