/** Tells operators where a run is: the current details of the workflow in the Temporal UI. */
import { setCurrentDetails } from '@temporalio/workflow';
import type { RunCounts } from '../model/run.ts';

/** Numbers as people read them: 1,234,567. */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replaceAll(/\B(?=(\d{3})+$)/g, ',');
}

export class Progress {
  readonly #title: string;
  readonly #started = Date.now();
  readonly #sentBefore: number;
  #step = '';
  #counts: RunCounts;

  /** @param counts what the run counted before this workflow took it up */
  constructor(title: string, counts: RunCounts) {
    this.#title = title;
    this.#counts = counts;
    this.#sentBefore = counts.sent;
  }

  /** Shows what the run does now. */
  at(step: string, counts: Partial<RunCounts> = {}): void {
    this.#step = step;
    this.#counts = { ...this.#counts, ...counts };
    setCurrentDetails(this.#markdown());
  }

  #markdown(): string {
    const { read, sent, rejected, requests, possiblyDoubled } = this.#counts;
    const seconds = (Date.now() - this.#started) / 1_000;
    const pace = seconds > 0 ? `, ${grouped((sent - this.#sentBefore) / seconds)} rows/s` : '';
    const lines = [
      `### ${this.#title}`,
      this.#step,
      '',
      `- **${grouped(read)}** rows read`,
      `- **${grouped(sent)}** sent in **${grouped(requests)}** requests${pace}`,
      `- **${grouped(rejected)}** rejected`,
    ];
    if (possiblyDoubled > 0) {
      lines.push(
        '',
        `Up to ${grouped(possiblyDoubled)} rows may have reached Braze twice: an answer was lost.`,
      );
    }
    return lines.join('\n');
  }
}
