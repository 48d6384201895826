/** Braze's own Cloud Data Ingestion API, as far as it can be read: `GET /cdi/integrations` and the jobs of one. */
import type { IntegrationDefinition } from './control-types.ts';
import { refusal } from './endpoint.ts';
import type { Answer, Endpoint } from './endpoint.ts';

const PER_PAGE = 10;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export const cdiEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: /^\/cdi\/integrations$/,
    family: 'cdi_list',
    permission: 'cdi.integration_list',
    decode: (_body, _name, query) => ({
      objects: [],
      apply: ({ workspace }) =>
        page(workspace.integrations.map(integrationItem), '/cdi/integrations', query.get('cursor')),
    }),
  },
  {
    method: 'GET',
    path: /^\/cdi\/integrations\/([^/]+)\/job_sync_status$/,
    family: 'cdi_status',
    permission: 'cdi.integration_job_status',
    decode: (_body, id, query) => ({
      objects: [],
      apply: ({ workspace }) => {
        const integration = workspace.integrations.find(({ integration_id: known }) => known === id);
        if (!UUID.test(id) || !integration) throw refusal(400, 'Invalid integration ID');
        return page(integration.jobs ?? [], `/cdi/integrations/${id}/job_sync_status`, query.get('cursor'));
      },
    }),
  },
];

function integrationItem({ jobs = [], ...integration }: IntegrationDefinition): Record<string, string> {
  return {
    app_group_id: '60b5a1f2c3d4e5f6a7b8c9d0',
    integration_type: '',
    integration_status: 'Active',
    contact_emails: '',
    last_updated_at: '',
    warehouse_type: '',
    next_scheduled_run: '',
    last_job_start_time: jobs[0]?.sync_start_time ?? '',
    last_job_status: jobs[0]?.job_status ?? '',
    ...integration,
  };
}

/** @param cursor where the page begins, in a form that clients need not know */
function page(items: readonly unknown[], path: string, cursor: string | null): Answer {
  const skip = cursor === null ? 0 : positionOf(cursor);
  if (skip === undefined || (skip > 0 && skip >= items.length)) throw refusal(400, 'Invalid cursor');
  const link = (to: number, rel: string): string => `<${path}?cursor=${cursorAt(to)}>; rel="${rel}"`;
  const links = [
    ...(cursor === null ? [] : [link(Math.max(0, skip - PER_PAGE), 'prev')]),
    ...(skip + PER_PAGE < items.length ? [link(skip + PER_PAGE, 'next')] : []),
  ];
  return {
    status: 200,
    body: { results: items.slice(skip, skip + PER_PAGE), message: 'success' },
    ...(items.length > PER_PAGE && links.length > 0 ? { headers: { Link: links.join(',') } } : {}),
  };
}

const cursorAt = (position: number): string => Buffer.from(`skip:${position}`).toString('base64url');

function positionOf(cursor: string): number | undefined {
  const position = /^skip:(\d{1,9})$/.exec(Buffer.from(cursor, 'base64').toString())?.[1];
  return position === undefined ? undefined : Number(position);
}
