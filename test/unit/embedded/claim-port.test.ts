import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { claimPort, LOCALHOST } from '../../../client/embedded/claim-port.ts';

/** The least port that Linux, macOS and Windows give to outgoing connections. */
const LEAST_OUTGOING = 32_768;

test('a free port is none that an outgoing connection could take before its server opens it', async () => {
  for (let round = 0; round < 100; round += 1) {
    expect(await claimPort(0, '')).toBeLessThan(LEAST_OUTGOING);
  }
});

test('no two servers of one process are given the same port', async () => {
  const ports = await Promise.all(Array.from({ length: 500 }, () => claimPort(0, '')));
  expect(new Set(ports).size).toBe(ports.length);
});

test('a port that was asked for is that port, or the error says what to do', async () => {
  const port = await claimPort(0, '');
  expect(await claimPort(port, '')).toBe(port);
  const other = createServer().listen(port, LOCALHOST);
  try {
    await once(other, 'listening');
    expect((other.address() as AddressInfo).port).toBe(port);
    await expect(claimPort(port, 'take another')).rejects.toThrow(
      `Port ${port} is in use by another program: take another.`,
    );
  } finally {
    other.close();
  }
});
