/** What `cdi doctor` asks of a worker: what only it can see. Nothing is sent to Braze but requests without content. */
import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import type { DataType } from '../model/data-type.ts';
import type { SyncDefinition } from '../model/definitions.ts';
import { classify } from '../model/errors.ts';
import {
  type PermissionProbe,
  permissionAnswer,
  type WorkerInspection,
  type WorkspaceInspection,
} from '../model/inspection.ts';
import type { StoredWorkspace } from '../store/definitions.ts';
import type { AddressGuard } from '../outbound/address-guard.ts';
import { type BrazeClient, createBrazeClient } from './braze/client.ts';
import { type Endpoint, endpointOf } from './braze/endpoints.ts';
import type { ActivityDependencies } from './dependencies.ts';
import { withHeartbeat } from './heartbeat.ts';

const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

export function inspectWorker({ ledger, staging, channels, guard, settings }: ActivityDependencies) {
  return async (): Promise<WorkerInspection> =>
    withHeartbeat(async () => {
      const syncs = (await ledger.definitions.syncs()).filter(({ deletedAt }) => deletedAt === null);
      const workspaces: WorkspaceInspection[] = [];
      for (const { definition } of await ledger.definitions.workspaces()) {
        const own = syncs.filter((sync) => sync.definition.workspace === definition.name);
        workspaces.push(
          await inspectWorkspace(
            await ledger.definitions.workspace(definition.name),
            own.map((sync) => sync.definition),
            guard,
          ),
        );
      }
      return {
        node: process.versions.node,
        version,
        keys: ledger.keyring.ids,
        ledgerClockMs: await ledger.clockOffset(),
        staging: { writable: await isWritable(), freeBytes: await staging.freeBytes?.() },
        smtp: await smtp(),
        workspaces,
        egress: settings.egress,
      };
    });

  async function isWritable(): Promise<boolean> {
    const folder = `doctor/${randomUUID()}`;
    try {
      await staging.write(`${folder}/page`, Buffer.from('page'));
      return (await staging.read(`${folder}/page`)).equals(Buffer.from('page'));
    } catch {
      return false;
    } finally {
      await staging.remove(folder).catch(() => undefined);
    }
  }

  async function smtp(): Promise<WorkerInspection['smtp']> {
    if (!channels.mail?.check) return 'none';
    try {
      await channels.mail.check();
      return 'reachable';
    } catch (error) {
      return { problem: classify(error).message };
    }
  }
}

interface Probe {
  readonly permission: string;
  readonly catalog?: string;
  readonly endpoint: Endpoint;
}

/** One probe for each permission that the syncs need; without syncs only whether the key is known. */
function probesFor(syncs: readonly SyncDefinition[]): Probe[] {
  const types = new Set<DataType>(syncs.map(({ data_type: type }) => type));
  const catalogs = [...new Set(syncs.flatMap(({ catalog }) => catalog ?? []))];
  const probes: Probe[] = [];
  if (types.size === 0 || types.has('attributes') || types.has('events') || types.has('purchases'))
    probes.push({ permission: 'users.track', endpoint: endpointOf('attributes', '') });
  if (types.has('user_deletes'))
    probes.push({ permission: 'users.delete', endpoint: endpointOf('delete_external_ids', '') });
  for (const catalog of catalogs) {
    for (const [permission, kind] of [
      ['catalogs.replace_items', 'catalog_upsert'],
      ['catalogs.delete_items', 'catalog_delete'],
    ] as const) {
      probes.push({ permission, catalog, endpoint: endpointOf(kind, catalog) });
    }
  }
  return probes;
}

async function inspectWorkspace(
  { definition, apiKey }: StoredWorkspace,
  syncs: readonly SyncDefinition[],
  guard: AddressGuard,
): Promise<WorkspaceInspection> {
  const { name, endpoint } = definition;
  const client = createBrazeClient({ endpoint, apiKey, connections: 1 }, guard);
  let clockMs: number | undefined;
  const probes: PermissionProbe[] = [];
  try {
    for (const probe of probesFor(syncs)) {
      const asked = Date.now();
      const answer = await ask(client, probe.endpoint);
      const date = Date.parse(String(answer?.headers['date'] ?? ''));
      // The header is cut to the second: half of one is the best guess of the rest.
      if (!Number.isNaN(date)) clockMs = Math.round((asked + Date.now()) / 2 - date - 500);
      probes.push({
        permission: probe.permission,
        catalog: probe.catalog,
        answer: answer ? permissionAnswer(answer.status) : 'no_answer',
        status: answer?.status,
      });
    }
  } finally {
    await client.destroy();
  }
  return { name, endpoint, clockMs, probes };
}

/** A request of the right form that names nobody and holds nothing. @returns undefined without an answer */
async function ask(
  client: BrazeClient,
  endpoint: Endpoint,
): Promise<Awaited<ReturnType<BrazeClient['send']>> | undefined> {
  try {
    return await client.send(endpoint, Buffer.from(`${endpoint.open}${endpoint.close}`), () => true);
  } catch {
    return undefined;
  }
}
