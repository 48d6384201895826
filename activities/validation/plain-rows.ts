/**
 * The short way for ordinary rows: from the bytes of a page to the bytes of an object, with no text between. It takes a
 * row only where it is sure that the row rules (`composeRow`) would make exactly the same of it; a test over generated
 * rows holds both against each other.
 */
import type { RowRules } from '../../model/composed-object.ts';
import { type JsonMember, kindOf } from '../../model/json-text.ts';
import { EVENT_FIELDS } from '../../model/rules/events.ts';
import { OPERATOR_KEYS, SUBSCRIPTION_STATE_KEYS } from '../../model/rules/attributes.ts';
import { NESTED_OPERATORS } from '../../model/rules/nested-attribute.ts';
import { type FieldRule, occurrenceFlaw } from '../../model/rules/occurrence.ts';
import { RESERVED_PROPERTIES } from '../../model/rules/properties.ts';
import { PURCHASE_FIELDS } from '../../model/rules/purchases.ts';
import { isoFromUpdatedAt } from '../../model/rules/times.ts';
import { isSubscriptionState } from '../../model/rules/subscriptions.ts';
import { UPDATE_EXISTING_ONLY, settingMember } from '../../model/rules/update-existing-only.ts';
import { IDENTIFIER_KEYS } from '../../model/rules/user-object.ts';
import { finish, mix, startedWith } from '../braze/user-number.ts';
import { ROW_FIELDS } from '../rows/row-fields.ts';
import type { RowPage } from '../rows/row-page.ts';
import { JsonBytes, KeyNames } from './json-bytes.ts';
import type { TextArena } from './text-arena.ts';

/** Longer identifiers and payloads may break a limit. */
const LONGEST_IDENTIFIER = 255;
const LONGEST_PAYLOAD = 102_400;

const UPDATED_AT = ROW_FIELDS.indexOf('updatedAt');
const PAYLOAD = ROW_FIELDS.indexOf('payload');
const EXTERNAL_ID = ROW_FIELDS.indexOf('externalId');
const BRAZE_ID = ROW_FIELDS.indexOf('brazeId');
const PHONE = ROW_FIELDS.indexOf('phone');

interface IdentifierColumn {
  /** The object's text before the identifier, and after it, up to the payload. */
  readonly before: Buffer;
  readonly after: Buffer;
  readonly numberState: number;
}

export class PlainRows {
  /** Equal for rows of one user, as `userNumber` of the identity; of the row that was composed last. */
  user = 0;

  readonly #isAttributes: boolean;
  readonly #fields: Readonly<Record<string, FieldRule>>;
  readonly #columns: readonly (IdentifierColumn | undefined)[];
  readonly #json: JsonBytes;
  readonly #starts = new Int32Array(ROW_FIELDS.length);
  readonly #ends = new Int32Array(ROW_FIELDS.length);

  constructor(rules: RowRules) {
    this.#isAttributes = rules.dataType === 'attributes';
    this.#fields = rules.dataType === 'purchases' ? PURCHASE_FIELDS : EVENT_FIELDS;
    const columns: (IdentifierColumn | undefined)[] = [];
    columns[EXTERNAL_ID] = identifierColumn('external_id', rules);
    columns[BRAZE_ID] = identifierColumn('braze_id', rules);
    this.#columns = columns;
    this.#json = new JsonBytes({
      keys: new KeyNames(WATCHED[this.#isAttributes ? 'attributes' : 'occurrences']),
      nestedKeys: new KeyNames(this.#isAttributes ? NESTED_OPERATORS : RESERVED_PROPERTIES),
      nestedCharacters: this.#isAttributes ? ' .$' : '$',
    });
  }

  /**
   * Adds the text of a row's object to the arena, and sets `user`.
   *
   * @returns whether it did; false: the row rules have to decide
   */
  compose(page: RowPage, row: number, arena: TextArena): boolean {
    const bytes = page.bytes;
    page.locate(row, this.#starts, this.#ends);
    const field = this.#identifierField();
    const column = this.#columns[field];
    if (!column) return false;
    const idAt = this.#starts[field] ?? 0;
    const idEnd = this.#ends[field] ?? 0;
    if (idEnd - idAt > LONGEST_IDENTIFIER) return false;
    let state = column.numberState;
    for (let at = idAt; at < idEnd; at += 1) {
      const code = bytes[at] ?? 0;
      if (code < 0x20 || code > 0x7e || code === 0x22 || code === 0x5c) return false;
      state = mix(state, code);
    }

    const payloadAt = this.#starts[PAYLOAD] ?? 0;
    const payloadEnd = this.#ends[PAYLOAD] ?? 0;
    if (payloadEnd - payloadAt > LONGEST_PAYLOAD) return false;
    const json = this.#json;
    if (!json.accepts(bytes, payloadAt, payloadEnd)) return false;
    let time = '';
    if (this.#isAttributes) {
      if (json.watched.length > 0 && !this.#areSubscriptionStates(bytes)) return false;
    } else {
      const members = this.#watchedMembers(bytes);
      if (members.some(({ key }) => OTHER_RULES.has(key))) return false;
      if (occurrenceFlaw(members, this.#fields) !== undefined) return false;
      if (!members.some(({ key }) => key === 'time')) {
        const iso = isoFromUpdatedAt(
          bytes.toString('latin1', this.#starts[UPDATED_AT], this.#ends[UPDATED_AT]),
        );
        if (iso === undefined) return false;
        time = `,"time":"${iso}"`;
      }
    }

    arena.addShort(column.before, 0, column.before.length);
    arena.addShort(bytes, idAt, idEnd);
    arena.addShort(column.after, 0, column.after.length);
    if (time !== '') arena.addText(time);
    if (json.members > 0) {
      arena.addShort(COMMA, 0, 1);
      arena.addBytes(bytes, json.innerAt, json.innerEnd);
    }
    arena.addShort(CLOSE, 0, 1);
    this.user = finish(state);
    return true;
  }

  /** The one column that names the user, or 0 where it is not so simple. */
  #identifierField(): number {
    let found = 0;
    for (let field = EXTERNAL_ID; field <= PHONE; field += 1) {
      if ((this.#ends[field] ?? 0) <= (this.#starts[field] ?? 0)) continue;
      if (found !== 0) return 0;
      found = field;
    }
    return found;
  }

  /** Properties are left out where they are an object: the look at the bytes has covered their rules. */
  #watchedMembers(bytes: Buffer): JsonMember[] {
    const members: JsonMember[] = [];
    for (const { keyAt, keyEnd, valueAt, end } of this.#json.watched) {
      const key = bytes.toString('utf8', keyAt + 1, keyEnd - 1);
      if (key === 'properties' && bytes[valueAt] === OPEN_BRACE) continue;
      const text = bytes.toString('utf8', keyAt, end);
      members.push({ key, text, valueAt: valueAt - keyAt, kind: kindOf(bytes[valueAt] ?? 0) });
    }
    return members;
  }

  #areSubscriptionStates(bytes: Buffer): boolean {
    return this.#watchedMembers(bytes).every(
      (member) => SUBSCRIPTION_STATE_KEYS.has(member.key) && isSubscriptionState(member),
    );
  }
}

const OPEN_BRACE = 0x7b;
const COMMA = Buffer.from(',');
const CLOSE = Buffer.from('}');

/** Keys with rules of their own that the short way leaves to the full one. */
const OTHER_RULES = new Set([...IDENTIFIER_KEYS, UPDATE_EXISTING_ONLY]);

/** Beside an external id or a Braze id, address and phone number are ordinary attributes. */
const NAMES_NO_ONE = new Set(['email', 'phone']);

/** Top-level keys that a rule looks at. */
const WATCHED = {
  attributes: [
    ...[...IDENTIFIER_KEYS].filter((key) => !NAMES_NO_ONE.has(key)),
    ...OPERATOR_KEYS,
    ...SUBSCRIPTION_STATE_KEYS,
  ],
  occurrences: [
    ...OTHER_RULES,
    ...Object.keys(EVENT_FIELDS),
    ...Object.keys(PURCHASE_FIELDS),
    'app_id',
    'properties',
    'time',
  ],
};

function identifierColumn(kind: 'external_id' | 'braze_id', rules: RowRules): IdentifierColumn {
  return {
    before: Buffer.from(`{"${kind}":"`),
    after: Buffer.from(`"${settingMember(kind, rules)}`),
    numberState: startedWith(`${kind}:`),
  };
}
