import { type Agent, EnvHttpProxyAgent } from 'undici'

/** Web proxies, as URLs. */
export interface Proxies {
  http?: string
  https?: string
  /** Hosts that are reached without them, between commas. */
  none?: string
}

/** A proxy would take its own machine for it (Go net/http, ProxyFromEnvironment). */
const NEVER_BY_PROXY = ['localhost', '127.0.0.1', '[::1]']

/** Connections through a web proxy, but to hosts that are reached without it. */
export const proxyAgent = (proxy: string, { none }: Proxies, options: Agent.Options): EnvHttpProxyAgent =>
  new EnvHttpProxyAgent({
    ...options,
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy: none === '*' ? '*' : [...NEVER_BY_PROXY, none ?? ''].join(','),
    // Plain http is handed to the proxy as it is: many open tunnels for https alone.
    proxyTunnel: false,
  })
