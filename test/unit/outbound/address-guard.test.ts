/** Where requests may go whose address somebody else chose. */
import fc from 'fast-check';
import { once } from 'node:events';
import { type LookupFunction, type AddressInfo, createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBrazeClient } from '../../../activities/braze/client.ts';
import { endpointOf } from '../../../activities/braze/endpoints.ts';
import { addressGuard } from '../../../outbound/address-guard.ts';
import { guardedConnect, isForbiddenAddress } from '../../../outbound/guarded-connect.ts';
import { makeCertificates } from '../../warehouses/certificates.ts';

describe('the address guard', () => {
  const guard = addressGuard([]);

  it.each([
    ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '127.0.0.1', '127.255.255.254', '169.254.169.254', '172.16.0.1'],
    ...[
      '172.31.255.255',
      '192.168.1.1',
      '192.0.0.1',
      '198.18.0.1',
      '224.0.0.1',
      '240.0.0.1',
      '255.255.255.255',
    ],
    ...['::', '::1', 'fe80::1', 'fc00::1', 'fd12:3456::1', 'ff02::1', '2001:db8::1', '64:ff9b::7f00:1'],
    ...['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:a9fe:a9fe', '2002:7f00:1::', '2001:0:1::1', 'fec0::1'],
    ...['', 'localhost', '127.1', '1.2.3.4.5', '1.2.3.4%eth0'],
  ])('refuses %s', (address) => {
    expect(guard(address)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '2a00:1450:4001::1'])(
    'lets %s through',
    (address) => {
      expect(guard(address)).toBe(true);
    },
  );

  it('lets through what is allowed, and nothing beside it', () => {
    const allowing = addressGuard(['10.1.0.0/16', '127.0.0.1', 'fd00:1::/32', '::1']);
    for (const address of ['10.1.2.3', '127.0.0.1', 'fd00:1::5', '::1', '8.8.8.8'])
      expect(allowing(address)).toBe(true);
    for (const address of ['10.2.0.1', '127.0.0.2', 'fd00:2::5', '::2'])
      expect(allowing(address)).toBe(false);
  });

  it('judges an IPv4 address the same in each of its notations', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        const isPublic = guard(address);
        // What is written as IPv6 is never let through as such: no public host is reached that way.
        if (!isPublic) expect(guard(`::ffff:${address}`)).toBe(false);
        expect(addressGuard([address])(address)).toBe(true);
      }),
    );
  });
});

describe('a guarded connection', () => {
  const server = createServer((socket) => void socket.on('error', () => undefined).end());
  let port: string;
  let connections = 0;
  beforeAll(async () => {
    server.on('connection', () => (connections += 1));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = String((server.address() as AddressInfo).port);
  });
  afterAll(() => void server.close());

  /** Answers as a name server would that somebody else controls. */
  const resolving = (...answers: string[][]): LookupFunction => {
    let asked = 0;
    return (_hostname, options, callback) => {
      const found = (answers[Math.min(asked, answers.length - 1)] ?? []).map((address) => ({
        address,
        family: 4,
      }));
      asked += 1;
      if (options.all) callback(null, found);
      else callback(null, found[0]?.address ?? '', 4);
    };
  };

  const connect = (hostname: string, allowed: string[], resolve?: LookupFunction): Promise<string> =>
    new Promise((done) => {
      const connector = guardedConnect(addressGuard(allowed), { timeout: 2_000 }, resolve);
      connector({ hostname, host: hostname, protocol: 'http:', port }, (error, socket) => {
        socket?.destroy();
        done(error === null ? 'connected' : isForbiddenAddress(error) ? 'forbidden' : error.message);
      });
    });

  it('is made to a name whose address is allowed', async () => {
    expect(await connect('hook.example', ['127.0.0.1'], resolving(['127.0.0.1']))).toBe('connected');
  });

  it.each([
    ['a name that leads to this machine', 'hook.example', [['127.0.0.1']]],
    ['a name that leads to the metadata service', 'hook.example', [['169.254.169.254']]],
    ['an address that needs no name server', '127.0.0.1', [['8.8.8.8']]],
    ['an IPv6 address in brackets', '[::1]', [['8.8.8.8']]],
  ])('is not made to %s', async (_, hostname, answers) => {
    const before = connections;
    expect(await connect(hostname, [], resolving(...answers))).toBe('forbidden');
    expect(connections).toBe(before);
  });

  it('looks at the address it connects to: an answer that changes afterwards gains nothing', async () => {
    let asked = 0;
    const rebinding: LookupFunction = (hostname, options, callback) => {
      asked += 1;
      resolving([asked === 1 ? '127.0.0.1' : '8.8.8.8'])(hostname, options, callback);
    };
    expect(await connect('hook.example', [], rebinding)).toBe('forbidden');
    expect(asked).toBe(1);
  });

  it('says of a name that leads nowhere that it does, and not that it is forbidden', async () => {
    const unknown: LookupFunction = (_hostname, _options, callback) =>
      callback(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), '');
    expect(await connect('hook.example', [], unknown)).toBe('no such name');
  });

  it('takes of several addresses only those that are let through', async () => {
    const before = connections;
    expect(await connect('hook.example', ['127.0.0.1'], resolving(['10.0.0.1', '127.0.0.1']))).toBe(
      'connected',
    );
    await expect.poll(() => connections).toBe(before + 1);
  });

  it('speaks HTTP/1.1, as what uses it expects, and trusts no unknown certificate', async () => {
    const { cert, key } = makeCertificates();
    let offered: readonly string[] = [];
    const secure = createTlsServer({
      cert,
      key,
      ALPNCallback: ({ protocols }) => ((offered = protocols), 'http/1.1'),
    });
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
    const securePort = String((secure.address() as AddressInfo).port);
    const connector = guardedConnect(addressGuard(['127.0.0.1']), { timeout: 2_000 });
    const target = { hostname: 'localhost', host: 'localhost', protocol: 'https:', port: securePort };
    const error = await new Promise<Error | null>((done) =>
      connector(target, (...[failure]) => done(failure)),
    );
    expect(offered).toEqual(['http/1.1']);
    expect(error?.message).toMatch(/certificate/);
    secure.close();
  });

  it('keeps a key from an endpoint that is no public address, with a type that says so', async () => {
    const before = connections;
    const options = { endpoint: `http://127.0.0.1:${port}`, apiKey: 'secret-key', connections: 1 };
    const client = createBrazeClient(options, addressGuard([]));
    await expect(client.send(endpointOf('events', ''), Buffer.from('{}'), () => true)).rejects.toMatchObject({
      type: 'endpoint_forbidden',
    });
    await client.destroy();
    expect(connections).toBe(before);
  });
});
