/** Addresses from which an installation reaches out, as an allow-list takes them. */
import { z } from 'zod';

const address = z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]);

/** @returns the addresses and ranges of a list with commas; undefined where one of them is neither */
export function parseEgress(text: string): string[] | undefined {
  const parts = text.split(',').map((part) => part.trim());
  return parts.every((part) => address.safeParse(part).success) ? parts : undefined;
}
