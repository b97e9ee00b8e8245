import { type LookupAddress, lookup as systemLookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { Agent, type Dispatcher, EnvHttpProxyAgent } from 'undici'

/** Which addresses a connection may go to. */
export type Reach = 'public' | 'private' | 'any'

/** Web proxies, as URLs. */
export interface Proxies {
  http?: string
  https?: string
  /** Hosts that are reached without them, between commas. */
  none?: string
}

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
export const createAgents = (options: AgentOptions): Record<Reach, Dispatcher> => ({
  public: agent('public', options),
  private: agent('private', options),
  any: agent('any', options),
})

function agent(reach: Reach, { isPublic, proxies, connectTimeoutMs, lookup }: AgentOptions): Dispatcher {
  const connect = {
    timeout: connectTimeoutMs,
    lookup: lookupWithin((address) => isWithin(reach, isPublic(address)), lookup ?? systemLookup),
  }
  if (!proxies?.http && !proxies?.https) return new Agent({ connect })
  return new EnvHttpProxyAgent({
    connect,
    // Empty rather than absent: what is absent, undici takes from the environment.
    httpProxy: proxies.http ?? '',
    httpsProxy: proxies.https ?? '',
    noProxy: proxies.none ?? '',
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
