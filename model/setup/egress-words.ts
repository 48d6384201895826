/** What a guide says about the addresses from which this installation reaches out. */
export function egressWords(egress: readonly string[]): string {
  if (egress.length > 0) return `The addresses of this installation: ${egress.join(', ')}.`;
  return (
    'The addresses of this installation are not known here. `curl -s https://checkip.amazonaws.com`, run beside the worker, ' +
    'prints the one that a warehouse sees; behind a NAT gateway or a proxy, its administrator knows them all. Name them with ' +
    '`--egress ADDRESS`, or once and for all in CDI_EGRESS_ADDRESSES, and they are filled in.'
  );
}

/** An IPv6 address, or a range of them. */
export const isIpv6 = (address: string): boolean => address.includes(':');

/** A single address as the smallest range. */
export function asRange(address: string): string {
  if (address.includes('/')) return address;
  return `${address}/${isIpv6(address) ? 128 : 32}`;
}
