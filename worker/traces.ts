/**
 * Traces of runs and their steps, for whoever has an OpenTelemetry receiver. Loaded only where one is set: a worker without
 * traces carries none of it. A span names workflow, step and error, never what they work on.
 */
import type { WorkerOptions } from '@temporalio/worker';

/** Interceptors within the workflow bundle; see worker/bundle-workflows.ts. */
export const TRACED_WORKFLOWS = '@temporalio/interceptors-opentelemetry/lib/workflow-interceptors';

export interface Traces {
  /** To be spread into the options of each worker. */
  readonly workerOptions: Pick<WorkerOptions, 'interceptors' | 'sinks'>;
  /** Sends what is left. */
  readonly close: () => Promise<void>;
}

const EVERY_MS = 2_000;

/** @param otlpUrl base URL of an OTLP receiver over HTTP */
export async function openTraces(otlpUrl: string): Promise<Traces> {
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { Resource } = await import('@opentelemetry/resources');
  const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const temporal = await import('@temporalio/interceptors-opentelemetry');
  const resource = new Resource({ 'service.name': 'braze-cdi-worker' });
  const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` }), {
    scheduledDelayMillis: EVERY_MS,
  });
  const provider = new BasicTracerProvider({ resource, spanProcessors: [processor] });
  const tracer = provider.getTracer('braze-cdi');
  return {
    workerOptions: {
      interceptors: {
        activity: [
          (context) => ({
            inbound: new temporal.OpenTelemetryActivityInboundInterceptor(context, { tracer }),
          }),
        ],
      },
      sinks: { exporter: temporal.makeWorkflowExporter(processor, resource) },
    },
    // A receiver that is away must not keep the worker.
    close: () => provider.shutdown().catch(() => undefined),
  };
}
