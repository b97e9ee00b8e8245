import { BlockList, isIP } from 'node:net'

// What the internet does not route, by the special-purpose registries of IANA (RFC 6890 and its updates).
const NOT_PUBLIC_V4: readonly [network: string, bits: number][] = [
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
]

/** Inside the one block of IPv6 that is public: protocol assignments, tunnels, documentation. */
const NOT_PUBLIC_V6: readonly [network: string, bits: number][] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]

/** IPv4 as networks that speak only IPv6 see it (RFC 6052). */
const NAT64 = '64:ff9b::'

const reservedV4 = new BlockList()
const reservedV6 = new BlockList()
for (const [network, bits] of NOT_PUBLIC_V4) {
  reservedV4.addSubnet(network, bits, 'ipv4')
  reservedV6.addSubnet(`${NAT64}${network}`, 96 + bits, 'ipv6')
}
for (const [network, bits] of NOT_PUBLIC_V6) reservedV6.addSubnet(network, bits, 'ipv6')

const globalV6 = new BlockList()
globalV6.addSubnet('2000::', 3, 'ipv6')
globalV6.addSubnet(NAT64, 96, 'ipv6')

/**
 * An IP address that belongs to the internet, and not to this machine, its network or nobody. IPv6 that wraps an
 * IPv4 address (mapped, 6to4, Teredo) never counts as public.
 */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 4) return !reservedV4.check(address, 'ipv4')
  return isIP(address) === 6 && globalV6.check(address, 'ipv6') && !reservedV6.check(address, 'ipv6')
}

/** The IP address a URL names outright; undefined when it names a host. */
export function literalAddress(url: URL): string | undefined {
  const address = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(address) === 0 ? undefined : address
}
