import { expect } from 'vitest';
import { CdiError, type ErrorType } from '../../../model/errors.ts';
import { FINDINGS } from '../findings.ts';
import { CANARY, SITUATIONS, type Situation, type Staged } from '../stand-in.ts';
import type { Check, Theme } from './check.ts';
import type { Scene } from './scene.ts';

/** What each situation is, and the error that it has to be told as. */
const ANSWERS: Readonly<Record<Situation, { readonly what: string; readonly type: ErrorType }>> = {
  unreachable: { what: 'a server that takes no connections', type: 'warehouse_unreachable' },
  host_unknown: { what: 'a host name that nobody knows', type: 'host_unknown' },
  tls_untrusted: { what: 'a certificate that is not trusted', type: 'tls_failed' },
  wrong_password: { what: 'a wrong password, key or token', type: 'credentials_invalid' },
  permission_denied: { what: 'a table that the user may not read', type: 'permission_denied' },
  table_missing: { what: 'a table that does not exist', type: 'table_missing' },
  column_missing: { what: 'a column that is missing', type: 'column_missing' },
  column_forbidden: { what: 'a column that the data type forbids', type: 'column_forbidden' },
  column_type: { what: 'a column of a type that cannot be used', type: 'column_type' },
  warehouse_busy: {
    what: 'a warehouse that is suspended, out of quota or without a free connection',
    type: 'warehouse_busy',
  },
};
/** Shorter secrets could stand in a message by chance. */
const TELLING_CHARACTERS = 6;

/** What the connection test throws for a source, as the first step of a run meets it. */
async function connectionTest(scene: Scene, staged: Staged): Promise<unknown> {
  try {
    await using _ = await scene.open(staged.source, staged.dataType, {}, staged.account);
    return undefined;
  } catch (error) {
    return error;
  }
}

/** A key is recognised by any of its lines. */
function secretsOf({ account: { secrets } }: Staged): string[] {
  const values = Object.values(secrets).flatMap((value) => [value, ...value.split('\n')]);
  return values.filter((value) => value.length >= TELLING_CHARACTERS && !value.startsWith('-----'));
}

const check = (situation: Situation): Check => ({
  name: situation.replaceAll('_', '-'),
  title: `tells ${ANSWERS[situation].what}: \`${ANSWERS[situation].type}\``,
  run: async (scene) => {
    const staged = await scene.standIn.stage(situation);
    if (!staged) throw new Error(`The stand-in cannot make the situation ${situation}.`);
    try {
      const error = await connectionTest(scene, staged);
      expect(error).toBeInstanceOf(CdiError);
      if (!(error instanceof CdiError)) return;
      expect(error).toMatchObject({ type: ANSWERS[situation].type });
      const finding = FINDINGS[scene.standIn.warehouse].find(({ shown }) => shown === situation);
      if (finding) {
        const { type, message, code: vendorCode } = finding;
        expect({ type: error.type, message: error.message, vendorCode: error.vendorCode }).toEqual({
          type,
          message,
          vendorCode,
        });
      }
      expect(staged.expected).toBe(ANSWERS[situation].type);
      const said = `${error.message} ${error.vendorCode ?? ''}`;
      expect(secretsOf(staged).filter((secret) => said.includes(secret))).toEqual([]);
      expect(said).not.toContain(CANARY);
      expect(error.message).toMatch(/^[A-Z].*\.$/s);
    } finally {
      await staged.end?.();
    }
  },
});

export const situations: Theme = {
  title: 'The connection test',
  checks: [
    ...SITUATIONS.map(check),
    {
      name: 'all-is-well',
      title: 'passes once everything is as it should be',
      run: async (scene) => {
        const source = await scene.create('attributes', []);
        await using table = await scene.open(source);
        expect(table.columns.updatedAt.kind).toBe('timestamp');
      },
    },
  ],
};
