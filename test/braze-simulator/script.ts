import type { Action, Rule, RuleMatch } from './control-types.ts';

/** What a rule looks at. */
export interface ScriptedRequest {
  readonly method: string;
  readonly path: string;
  /** The objects of the request as sent; the whole body where they are not known. */
  readonly texts: () => readonly string[];
}

/** An action that is due, with the texts that its rule looked for. */
export interface DueAction {
  readonly action: Action;
  readonly containsTexts: readonly string[];
}

/** Decides which requests are mistreated, rule by rule. */
export class Script {
  readonly #rules: ActiveRule[];

  constructor(rules: readonly Rule[]) {
    this.#rules = rules.map((rule) => new ActiveRule(rule));
  }

  /** The action for a request: of the first rule that acts. Every rule counts the request. */
  next(request: ScriptedRequest): DueAction | undefined {
    let due: DueAction | undefined;
    for (const rule of this.#rules) {
      if (rule.counts(request) && due === undefined && rule.acts()) due = rule;
    }
    return due;
  }
}

class ActiveRule implements DueAction {
  readonly action: Action;
  readonly containsTexts: readonly string[];
  readonly #match: RuleMatch;
  readonly #draw = draws();
  #remaining: number;
  #seen = 0;

  constructor(rule: Rule) {
    this.action = rule.action;
    this.#match = rule.match ?? {};
    this.containsTexts = [this.#match.containsText ?? []].flat();
    this.#remaining = rule.times ?? Infinity;
  }

  /** Whether the rule is for this request; if so, it is counted. */
  counts({ method, path, texts }: ScriptedRequest): boolean {
    const { path: prefix = '', method: wanted = method } = this.#match;
    if (!path.startsWith(prefix) || method !== wanted) return false;
    if (this.containsTexts.length > 0 && !texts().some((text) => containsAll(text, this.containsTexts)))
      return false;
    this.#seen += 1;
    return true;
  }

  /** Whether the rule acts on the request counted last; if so, one of its times is used up. */
  acts(): boolean {
    const { afterRequests = 0, everyNth = 1, probability = 1 } = this.#match;
    const position = this.#seen - afterRequests;
    if (this.#remaining === 0 || position <= 0 || position % everyNth !== 0) return false;
    if (probability < 1 && this.#draw() >= probability) return false;
    this.#remaining -= 1;
    return true;
  }
}

/** Whether a text holds all of the others. */
export function containsAll(text: string, parts: readonly string[]): boolean {
  return parts.every((part) => text.includes(part));
}

/** A repeatable sequence of numbers in [0, 1): a linear congruential generator. */
function draws(): () => number {
  let state = 20_260_101;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
