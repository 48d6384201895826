/** One address for Prometheus: our metrics, and those of Temporal's SDK, which has a server of its own for them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createPort } from 'node:net';
import type { Registry } from 'prom-client';
import { request } from 'undici';
import { metricsText } from '../metrics/registry.ts';

const SDK_TIMEOUT_MS = 2_000;
const LOCALHOST = '127.0.0.1';

/** @returns HOST:PORT on this machine that is free now, for the SDK's own server */
export async function freeLocalAddress(): Promise<string> {
  const port = createPort().listen(0, LOCALHOST);
  await once(port, 'listening');
  const address = `${LOCALHOST}:${(port.address() as AddressInfo).port}`;
  port.close();
  await once(port, 'close');
  return address;
}

/**
 * Answers `GET /metrics`.
 *
 * @param address HOST:PORT
 * @param sdkAddress where the SDK answers
 * @returns a function that ends it
 * @throws Error where the address cannot be taken
 */
export async function serveMetrics(
  registry: Registry,
  address: string,
  sdkAddress: string,
): Promise<() => void> {
  const server = createServer((incoming, response) => {
    if (incoming.method !== 'GET' || incoming.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404).end();
      return;
    }
    void Promise.all([metricsText(registry), sdkMetrics(sdkAddress)]).then(
      ([{ contentType, text }, sdk]) =>
        response.writeHead(200, { 'content-type': contentType }).end(`${text}\n${sdk}`),
      () => response.writeHead(500).end(),
    );
  });
  server.requestTimeout = 10_000;
  const { hostname, port } = new URL(`http://${address}`);
  server.listen(Number(port === '' ? 80 : port), hostname.replace(/^\[(.*)\]$/, '$1'));
  await once(server, 'listening');
  server.unref();
  return () => {
    server.closeAllConnections();
    server.close();
  };
}

/** Ours are worth having without them. */
async function sdkMetrics(address: string): Promise<string> {
  try {
    const { body } = await request(`http://${address}/metrics`, {
      headersTimeout: SDK_TIMEOUT_MS,
      bodyTimeout: SDK_TIMEOUT_MS,
    });
    return await body.text();
  } catch {
    return '';
  }
}
