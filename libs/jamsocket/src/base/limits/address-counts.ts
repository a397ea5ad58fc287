/** Counts something per address. Addresses with the same `addressKey` are counted together. */
export class AddressCounts {
  total = 0;
  readonly #byKey = new Map<string, number>();

  of(ip: string): number {
    return this.#byKey.get(addressKey(ip)) ?? 0;
  }

  add(ip: string): void {
    this.total++;
    this.#byKey.set(addressKey(ip), this.of(ip) + 1);
  }

  remove(ip: string): void {
    this.total--;
    const left = this.of(ip) - 1;
    if (left > 0) this.#byKey.set(addressKey(ip), left);
    else this.#byKey.delete(addressKey(ip));
  }
}

const GROUPS = 8;
const GROUPS_OF_NETWORK = 4;

/**
 * The unit that per-address limits count: an IPv4 address in any notation, or the /64 prefix of an IPv6 address, since a
 * host with one IPv6 address has 2^64 of them (RFC 6177, RFC 4291 section 2.5.1).
 */
export function addressKey(ip: string): string {
  if (!ip.includes(':')) return ip;
  const [front, back] = ip.split('%', 1)[0].split('::').map(groupsOf);
  const groups = back === undefined ? front : [...front, ...zeros(GROUPS - front.length - back.length), ...back];
  if (isMappedIPv4(groups)) return `${groups[6] >> 8}.${groups[6] & 255}.${groups[7] >> 8}.${groups[7] & 255}`;
  const network = groups.slice(0, GROUPS_OF_NETWORK).map((group) => group.toString(16));
  return `${network.join(':')}::/64`;
}

/** `::ffff:203.0.113.7`, as a server that listens on both families sees an IPv4 client (RFC 4291 section 2.5.5.2). */
function isMappedIPv4(groups: readonly number[]): boolean {
  return groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
}

function groupsOf(text: string): number[] {
  return text.split(':').flatMap((group) => {
    if (group === '') return [];
    if (!group.includes('.')) return parseInt(group, 16);
    const [a, b, c, d] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

function zeros(count: number): number[] {
  return Array.from({ length: Math.max(0, count) }, () => 0);
}
