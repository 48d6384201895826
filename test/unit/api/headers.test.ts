import { Hono } from 'hono';
import { expect, it } from 'vitest';
import { secureHeaders } from '../../../api/secure-headers.ts';

it('lets no page run a script, load anything foreign, be framed or be kept', async () => {
  const app = new Hono();
  app.use(secureHeaders({ tls: false, publicUrl: undefined }));
  app.get('/', (c) => c.text(''));
  const { headers } = await app.request('/');
  expect(headers.get('content-security-policy')).toBe(
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  );
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('cache-control')).toBe('no-store');
  expect(headers.get('strict-transport-security')).toBeNull();
});
