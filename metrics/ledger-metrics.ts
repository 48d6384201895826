/** What the ledger knows of every sync, asked when Prometheus does: the same from every process that offers it. */
import { Gauge, type Registry } from 'prom-client';
import type { Ledger } from '../store/ledger.ts';
import { lagSeconds } from './lag.ts';

/** Several readers at once, or an impatient one, ask the ledger once. */
const FRESH_MS = 10_000;

/**
 * Adds the ledger's metrics to a registry. While the ledger does not answer they are missing, and `cdi_ledger_up` is 0.
 *
 * @param ledger only read from
 */
export function addLedgerMetrics(registry: Registry, ledger: Pick<Ledger, 'syncStates' | 'incidents'>): void {
  let asked = -Infinity;
  let asking: Promise<void> | undefined;
  // The registry reads its gauges side by side: each of them waits for the same answer.
  const collect = async (): Promise<void> => {
    if (asking === undefined && performance.now() - asked < FRESH_MS) return;
    asking ??= ask().finally(() => (asking = undefined));
    await asking;
  };
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]): Gauge<L> =>
    new Gauge({ name, help, labelNames, registers: [registry], collect });

  const lag = gauge(
    'cdi_watermark_lag_seconds',
    'Time since the upper bound of the last run that ended well: up to there everything is delivered.',
    ['sync'],
  );
  const paused = gauge('cdi_sync_paused', '1 where the schedule of a sync is paused.', ['sync']);
  const open = gauge('cdi_incidents_open', 'Open incidents, by kind.', ['kind']);
  const up = gauge('cdi_ledger_up', '1 while the ledger answers.', []);

  async function ask(): Promise<void> {
    try {
      const [states, openIncidents] = await Promise.all([ledger.syncStates(), ledger.incidents.open()]);
      for (const each of [lag, paused, open]) each.reset();
      for (const { name, isPaused, deliveredUpTo } of states) {
        paused.set({ sync: name }, isPaused ? 1 : 0);
        const seconds = deliveredUpTo === null ? undefined : lagSeconds(deliveredUpTo, Date.now());
        if (seconds !== undefined) lag.set({ sync: name }, seconds);
      }
      for (const { kind } of openIncidents) open.inc({ kind });
      up.set(1);
      asked = performance.now();
    } catch {
      for (const each of [lag, paused, open]) each.reset();
      up.set(0);
    }
  }
}
