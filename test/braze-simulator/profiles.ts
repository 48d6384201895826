import type { ProfileSeed, ProfileView, UserAlias } from './control-types.ts';
import { aliasKey } from './identifier.ts';
import type { Identifier } from './identifier.ts';
import { rawString } from './raw-json.ts';

export interface Profile {
  readonly externalId: string | undefined;
  readonly aliases: readonly UserAlias[];
  readonly brazeId: string | undefined;
  /** JSON text by name. */
  readonly attributes: Map<string, string>;
  /** State by id of the group. */
  readonly subscriptionGroups: Map<string, string>;
  /** Rises with each change of any profile. */
  updated: number;
}

/** Attributes by which a profile can be looked up. */
type ContactKey = 'email' | 'phone';

/** The profiles of one workspace, found by any identifier. */
export class Profiles {
  readonly #all = new Set<Profile>();
  readonly #byExternalId = new Map<string, Profile>();
  readonly #byAlias = new Map<string, Profile>();
  readonly #byBrazeId = new Map<string, Profile>();
  readonly #byContact: Record<ContactKey, Map<string, Set<Profile>>> = { email: new Map(), phone: new Map() };
  #clock = 0;

  get size(): number {
    return this.#all.size;
  }

  /** Of several profiles with one address or number: one with an external id, then the one updated last. */
  find(identifier: Identifier): Profile | undefined {
    switch (identifier.kind) {
      case 'external_id':
        return this.#byExternalId.get(identifier.value);
      case 'user_alias':
        return this.#byAlias.get(aliasKey(identifier.value));
      case 'braze_id':
        return this.#byBrazeId.get(identifier.value);
      case 'email':
      case 'phone':
        return preferred(this.#byContact[identifier.kind].get(identifier.value));
    }
  }

  /** Makes the profile that an identifier asks for. A Braze id never makes one. */
  create(identifier: Identifier): Profile | undefined {
    switch (identifier.kind) {
      case 'external_id':
        return this.seed({ external_id: identifier.value });
      case 'user_alias':
        return this.seed({ user_aliases: [identifier.value] });
      case 'email':
      case 'phone':
        return this.seed({ attributes: { [identifier.kind]: identifier.value } });
      case 'braze_id':
        return undefined;
    }
  }

  seed(seed: ProfileSeed): Profile {
    const profile: Profile = {
      externalId: seed.external_id,
      aliases: seed.user_aliases ?? [],
      brazeId: seed.braze_id,
      attributes: new Map(),
      subscriptionGroups: new Map(),
      updated: 0,
    };
    this.#all.add(profile);
    if (profile.externalId !== undefined) this.#byExternalId.set(profile.externalId, profile);
    if (profile.brazeId !== undefined) this.#byBrazeId.set(profile.brazeId, profile);
    for (const alias of profile.aliases) this.#byAlias.set(aliasKey(alias), profile);
    for (const [name, value] of Object.entries(seed.attributes ?? {})) {
      this.setAttribute(profile, name, JSON.stringify(value));
    }
    this.touch(profile);
    return profile;
  }

  /** @param raw JSON text, or undefined to clear. */
  setAttribute(profile: Profile, name: string, raw: string | undefined): void {
    if (name === 'email' || name === 'phone') this.#indexContact(profile, name, raw);
    if (raw === undefined) profile.attributes.delete(name);
    else profile.attributes.set(name, raw);
  }

  touch(profile: Profile): void {
    this.#clock += 1;
    profile.updated = this.#clock;
  }

  remove(profile: Profile): void {
    this.#all.delete(profile);
    if (profile.externalId !== undefined) this.#byExternalId.delete(profile.externalId);
    if (profile.brazeId !== undefined) this.#byBrazeId.delete(profile.brazeId);
    for (const alias of profile.aliases) this.#byAlias.delete(aliasKey(alias));
    this.#indexContact(profile, 'email', undefined);
    this.#indexContact(profile, 'phone', undefined);
  }

  *views(): Generator<ProfileView> {
    for (const profile of this.#all) {
      yield {
        external_id: profile.externalId ?? null,
        user_aliases: profile.aliases,
        braze_id: profile.brazeId ?? null,
        attributes: Object.fromEntries(profile.attributes),
        subscription_groups: Object.fromEntries(profile.subscriptionGroups),
      };
    }
  }

  #indexContact(profile: Profile, key: ContactKey, raw: string | undefined): void {
    const index = this.#byContact[key];
    const earlier = rawString(profile.attributes.get(key));
    const later = rawString(raw);
    if (earlier !== undefined) index.get(earlier)?.delete(profile);
    if (later !== undefined) index.set(later, (index.get(later) ?? new Set()).add(profile));
  }
}

function preferred(candidates: ReadonlySet<Profile> | undefined): Profile | undefined {
  let best: Profile | undefined;
  for (const candidate of candidates ?? []) {
    if (best === undefined || rank(candidate) > rank(best)) best = candidate;
  }
  return best;
}

function rank(profile: Profile): number {
  return profile.updated + (profile.externalId === undefined ? 0 : Number.MAX_SAFE_INTEGER / 2);
}
