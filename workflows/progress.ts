/** Keeps the current details of a run's workflow up to date. */
import { setCurrentDetails } from '@temporalio/workflow';
import { NO_COUNTS, type RunCounts } from '../model/run.ts';
import { type Step, type StepInput, type StepOutput, isInLedger, step } from './activity-options.ts';
import { type Extent, type RunUnderWay, type StepUnderWay, runningDetails } from './current-details.ts';

type Known = { -readonly [K in keyof Omit<RunUnderWay, 'steps' | 'now'>]: RunUnderWay[K] };

export class Progress {
  readonly #steps = new Set<StepUnderWay>();
  readonly #known: Known;
  #hasEnded = false;

  constructor(sync: string) {
    this.#known = {
      sync,
      route: undefined,
      counts: NO_COUNTS,
      upper: undefined,
      deliveredUpTo: null,
      extent: undefined,
      partsDelivered: 0,
      began: undefined,
      sentBefore: 0,
      dealtBefore: 0,
    };
  }

  /** Runs a step, and shows it as under way until it has ended. */
  step<S extends Step>(name: S, summary: string, ...args: StepInput<S>): Promise<StepOutput<S>> {
    const done = step(name, summary, ...args);
    const what = { text: `${name} (${summary})`, isInLedger: isInLedger(name) };
    this.#steps.add(what);
    this.#show();
    const ended = (): void => {
      this.#steps.delete(what);
      this.#show();
    };
    // Beside the promise that is returned, not before it: the order of the steps must not depend on what is shown.
    done.then(ended, ended);
    return done;
  }

  /**
   * Reading begins.
   *
   * @param route from where to where
   * @param counts what the run counted before this workflow took it up
   */
  begins(route: string, counts: RunCounts): void {
    this.#known.route = route;
    this.#known.counts = counts;
    this.#known.sentBefore = counts.sent;
    this.#known.dealtBefore = counts.sent + counts.rejected;
    this.#known.began = Date.now();
    this.#show();
  }

  /** Between which times it reads. @param from the watermark; null: from the beginning */
  reads({ from, upper }: { readonly from: string | null; readonly upper: string }): void {
    this.#known.deliveredUpTo = from;
    this.#known.upper = upper;
    this.#show();
  }

  /** How much there is to do, as far as it is known by now. */
  expects(extent: Extent): void {
    this.#known.extent = extent;
    this.#show();
  }

  counted(counts: Partial<RunCounts>): void {
    this.#known.counts = { ...this.#known.counts, ...counts };
    this.#show();
  }

  /** A segment is delivered. @param upTo the watermark then; null: it stays */
  delivered(upTo: string | null): void {
    this.#known.deliveredUpTo = upTo ?? this.#known.deliveredUpTo;
    this.#known.partsDelivered += 1;
    this.#show();
  }

  /** Shows something else until the next step. */
  tells(details: string): void {
    if (!this.#hasEnded) setCurrentDetails(details);
  }

  /** Shows how the run ended, for good: steps that still come to their end change nothing. */
  ends(details: string): void {
    this.tells(details);
    this.#hasEnded = true;
  }

  #show(): void {
    this.tells(runningDetails({ ...this.#known, steps: [...this.#steps], now: Date.now() }));
  }
}
