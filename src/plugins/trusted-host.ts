import { BlockList, isIP } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Loopback aside, addresses that only mean something close by: private ones and "any". */
const NEARBY = new BlockList()
NEARBY.addSubnet('10.0.0.0', 8, 'ipv4')
NEARBY.addSubnet('172.16.0.0', 12, 'ipv4')
NEARBY.addSubnet('192.168.0.0', 16, 'ipv4')
NEARBY.addSubnet('fc00::', 7, 'ipv6')
NEARBY.addAddress('0.0.0.0', 'ipv4')
NEARBY.addAddress('::', 'ipv6')

const LOCAL_SUFFIXES = ['.localhost', '.local', '.internal']

/** Whether only this machine can reach a server that listens on `host`, an address or a name. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === 'localhost' || contains(LOOPBACK, host)
}

/**
 * What kind of trusted host a Host header names; undefined for one that a page on the internet could have
 * chosen. A name that resolves to this machine but belongs to somebody else is how DNS rebinding gets at
 * local servers (ollama server/routes.go, allowedHostsMiddleware).
 */
export function trustedHost(header: string): 'address' | 'name' | undefined {
  const host = withoutPort(header).toLowerCase()
  if (isIP(host) > 0) {
    return contains(LOOPBACK, host) || contains(NEARBY, host) || isOwnAddress(host) ? 'address' : undefined
  }
  const isTrusted =
    host === '' ||
    host === 'localhost' ||
    host === hostname().toLowerCase() ||
    LOCAL_SUFFIXES.some((suffix) => host.endsWith(suffix))
  return isTrusted ? 'name' : undefined
}

function withoutPort(header: string): string {
  if (isIP(header) === 6) return header
  return header.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
}

function contains(list: BlockList, host: string): boolean {
  const version = isIP(host)
  return version > 0 && list.check(host, version === 4 ? 'ipv4' : 'ipv6')
}

const isOwnAddress = (host: string): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host))
