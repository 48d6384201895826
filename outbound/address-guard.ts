/**
 * Which addresses a request may go to that somebody else chose: a webhook, the endpoint of a workspace. Whoever may write a
 * definition must not reach through it what only this machine can reach: its own services, its network, the metadata
 * service of its cloud.
 */
import { BlockList, isIP } from 'node:net';

/** Loopback, private, shared, link-local, documentation, multicast, reserved; for IPv6 also what embeds an IPv4 address. */
const SPECIAL: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** All that is handed out to the public internet; what of it embeds an IPv4 address, or is for documentation, is not. */
const PUBLIC_IPV6 = ['2000::', 3] as const;
const SPECIAL_IPV6: readonly (readonly [network: string, prefix: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const special = new BlockList();
for (const [network, prefix] of SPECIAL) special.addSubnet(network, prefix, 'ipv4');
for (const [network, prefix] of SPECIAL_IPV6) special.addSubnet(network, prefix, 'ipv6');
const publicIpv6 = new BlockList();
publicIpv6.addSubnet(...PUBLIC_IPV6, 'ipv6');

/** Whether a request may go to an IP address. */
export type AddressGuard = (address: string) => boolean;

/**
 * @param allowed addresses and ranges that are reached although they are not public, such as `10.1.2.3` or `10.1.0.0/16`
 * @returns lets public addresses through, and those that are allowed; what is no IP address never
 */
export function addressGuard(allowed: readonly string[]): AddressGuard {
  const exceptions = new BlockList();
  for (const entry of allowed) {
    const [network = '', prefix] = entry.split('/');
    const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) exceptions.addAddress(network, family);
    else exceptions.addSubnet(network, Number(prefix), family);
  }
  return (address) => {
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    return exceptions.check(address, family) || isPublic(address, family);
  };
}

function isPublic(address: string, family: 'ipv4' | 'ipv6'): boolean {
  if (special.check(address, family)) return false;
  return family === 'ipv4' || publicIpv6.check(address, 'ipv6');
}
