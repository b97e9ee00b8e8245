import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import type { LookupFunction, Socket } from 'node:net'
import { Agent, buildConnector, type Dispatcher } from 'undici'
import { type Proxies, proxyAgent } from '../http/proxy.ts'
import { readingIntoSlabs } from './read-slabs.ts'

/** Which addresses a connection may go to. */
export type Reach = 'public' | 'private' | 'any'

export interface AgentOptions {
  isPublic: (address: string) => boolean
  proxies?: Proxies
  /** Milliseconds. */
  connectTimeoutMs: number
  /** How names become addresses; the system's way when left out. */
  lookup?: LookupFunction
}

/** A host has no address that this connection may go to. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
}

/**
 * Connection pools, one for each reach. The address is checked where the connection is made, so a name that
 * changes its address between a check and its use gains nothing. Behind a proxy the proxy resolves names, and
 * only addresses written out in a URL can be checked (see transport.ts).
 */
export function createAgents(options: AgentOptions): Record<Reach, AgentPair> {
  return { public: pair('public', options), private: pair('private', options), any: pair('any', options) }
}

/** One for each scheme, for each may have its own proxy or none. */
export interface AgentPair {
  http: Dispatcher
  https: Dispatcher
}

function pair(reach: Reach, { isPublic, proxies = {}, connectTimeoutMs, lookup }: AgentOptions): AgentPair {
  const connect = {
    timeout: connectTimeoutMs,
    lookup: lookupWithin((address) => isWithin(reach, isPublic(address)), lookup ?? systemLookup),
  }
  const agent = (proxy: string | undefined) =>
    proxy === undefined ? new Agent({ connect: intoSlabs(connect) }) : proxyAgent(proxy, proxies, { connect })
  return { http: agent(proxies.http), https: agent(proxies.https) }
}

/** Connections read into memory that goes round. */
const intoSlabs =
  (options: buildConnector.BuildOptions): buildConnector.connector =>
  (to, callback) => {
    let socket: Socket | undefined
    // A connector of its own: what it reads into belongs to one connection.
    const connect = buildConnector({ ...options, onread: readingIntoSlabs(() => socket) })
    connect(to, (...[error, connected]) => {
      if (error !== null) return callback(error, null)
      socket = connected
      callback(null, connected)
    })
  }

/** An address of this kind may be connected to. */
export const isWithin = (reach: Reach, isPublic: boolean): boolean =>
  reach === 'any' || (reach === 'public') === isPublic

function lookupWithin(isAllowed: (address: string) => boolean, resolve: LookupFunction): LookupFunction {
  return (hostname, options, callback) =>
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, [])
      const addresses: LookupAddress[] = typeof found === 'string' ? [] : found
      const allowed = addresses.filter(({ address }) => isAllowed(address))
      const [first] = allowed
      if (first === undefined) return callback(new AddressError(`${hostname} is not where it may be`), [])
      if (options.all === true) callback(null, allowed)
      else callback(null, first.address, first.family)
    })
}
