/** The description of the API for programs; checked in as docs/schema/openapi.json. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnvironment } from './environment.ts';

export function openApiDocument(app: OpenAPIHono<ApiEnvironment>): object {
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: {
      title: 'braze-cdi',
      version: '1',
      description:
        "Braze's own Cloud Data Ingestion API under `/cdi`, call for call, and beside it `/v1` for what that lacks. " +
        'Each call names the permission that its key needs in docs/api.md.',
      license: { name: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
  });
}
