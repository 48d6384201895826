/** What a key of the HTTP API may do. Names that begin with `cdi.` are those of Braze's own API. */

export const API_PERMISSIONS = {
  'cdi.integration_list': 'GET /cdi/integrations',
  'cdi.integration_job_status': 'GET /cdi/integrations/{id}/job_sync_status',
  'cdi.integration_sync': 'POST /cdi/integrations/{id}/sync',
  'v1.read': 'syncs and their runs; the status page',
  'v1.rejected': 'rejected rows, which hold personal data',
  'v1.run': 'run, retry; approve or reject a held run',
  'v1.pause': 'pause and resume',
  'v1.test': 'connection test, whose preview holds personal data',
} as const;

export type ApiPermission = keyof typeof API_PERMISSIONS;

export const API_PERMISSION_NAMES = Object.keys(API_PERMISSIONS) as readonly ApiPermission[];

/** @param text whatever somebody wrote */
export function isApiPermission(text: string): text is ApiPermission {
  return Object.hasOwn(API_PERMISSIONS, text);
}
