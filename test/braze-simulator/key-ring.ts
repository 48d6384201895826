import type { KeyDefinition, Permission } from './control-types.ts';

/** The key that works without any set-up. */
export const DEFAULT_KEY = 'sim-key';
export const DEFAULT_WORKSPACE = 'default';

export interface KeyHolder {
  readonly workspace: string;
  may(permission: Permission): boolean;
}

/** The API keys that the simulator knows. */
export class KeyRing {
  readonly #keys = new Map<string, KeyDefinition>([[DEFAULT_KEY, { key: DEFAULT_KEY }]]);

  /** Adds a key, or replaces what was known of it. */
  set(definition: KeyDefinition): void {
    this.#keys.set(definition.key, definition);
  }

  /**
   * Who sent a request, or undefined where the answer is 401.
   *
   * @param authorization value of the header, `Bearer <key>`
   */
  holder(authorization: string | undefined): KeyHolder | undefined {
    const key = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
    const definition = key === undefined ? undefined : this.#keys.get(key);
    if (definition === undefined || definition.revoked === true) return undefined;
    const permissions = definition.permissions ?? 'all';
    return {
      workspace: definition.workspace ?? DEFAULT_WORKSPACE,
      may: (permission) => permissions === 'all' || permissions.includes(permission),
    };
  }
}
