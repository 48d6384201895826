/**
 * Makes the bundle of the workflows ahead of the first worker, with the settings' defaults: for an installation that can
 * write nothing later, such as a container. A worker that is set up otherwise bundles for itself.
 */
import { parseDuration } from '../model/duration.ts';
import { workerEnvironmentSchema } from '../model/settings.ts';
import { workflowBundle } from './workflow-bundle.ts';

const timeout = workerEnvironmentSchema.shape.CDI_HEARTBEAT_TIMEOUT.parse(undefined);
await workflowBundle({ heartbeatTimeoutMs: parseDuration(timeout) ?? 0, interceptors: [] });
