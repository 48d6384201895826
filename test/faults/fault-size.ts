/** The two sizes of the suite: `npm run test:faults` sets CDI_FAULT_SIZE=long, `npm test` does not. */

export interface FaultSize {
  /** Rows of the table of most faults, and how many of them share one instant. */
  readonly rows: number;
  readonly ties: number;
  /** Rows of a table that lies in one instant. */
  readonly instantRows: number;
  /** Rows that a run looks back over. */
  readonly lookbackRows: number;
  /** How often each fault is played. */
  readonly seeds: number;
  /** The same for `kill -9` of the worker. */
  readonly killSeeds: number;
  /** Random histories per kind of sync. */
  readonly histories: number;
  /** How long a request gets no answer. */
  readonly stallMs: number;
  /** How long the ledger is out of reach. */
  readonly ledgerAwayMs: number;
  readonly heartbeatTimeout: string;
  readonly leaseTtl: string;
  readonly testTimeoutMs: number;
}

export const FAULT_SIZE: FaultSize =
  process.env['CDI_FAULT_SIZE'] === 'long'
    ? {
        rows: 200_000,
        ties: 30_000,
        instantRows: 1_000_000,
        lookbackRows: 2_000_000,
        seeds: 3,
        killSeeds: 20,
        histories: 1_000,
        stallMs: 30_000,
        ledgerAwayMs: 60_000,
        heartbeatTimeout: '10s',
        leaseTtl: '10s',
        testTimeoutMs: 20 * 60_000,
      }
    : {
        rows: 20_000,
        ties: 3_000,
        instantRows: 30_000,
        lookbackRows: 30_000,
        seeds: 3,
        killSeeds: 5,
        histories: 60,
        stallMs: 2_000,
        ledgerAwayMs: 7_000,
        heartbeatTimeout: '5s',
        leaseTtl: '2s',
        testTimeoutMs: 4 * 60_000,
      };

/** Both sizes play the same seeds each time; CDI_FAULT_SEED plays a single one. */
export function seedsOf(count: number): number[] {
  const only = process.env['CDI_FAULT_SEED'];
  return only === undefined ? Array.from({ length: count }, (_unused, index) => index + 1) : [Number(only)];
}
