/** Metrics as Prometheus reads them, for whatever process offers them. */
import { Registry, collectDefaultMetrics } from 'prom-client';

export interface MetricsText {
  readonly contentType: string;
  readonly text: string;
}

/** @returns a registry that holds what every process tells of itself: memory, event loop, CPU */
export function processRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return registry;
}

/** What `/metrics` answers. */
export async function metricsText(registry: Registry): Promise<MetricsText> {
  return { contentType: registry.contentType, text: await registry.metrics() };
}
