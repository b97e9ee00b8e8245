import { isIP } from 'node:net'

export interface HostAddress {
  /** `::` stands for every interface. IPv6 addresses have no brackets. */
  host: string
  /** 0 lets the system choose. */
  port: number
  /** Set when the port was not usable and the default took its place. */
  warning?: string
}

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORTS: Record<string, number> = { '': 11434, http: 80, https: 443 }

/**
 * Reads OLLAMA_HOST as Ollama does (envconfig/config.go): `[scheme://]host[:port][/path]`, where each part
 * may be left out. Nothing is refused: a bad port becomes the default one with a warning.
 */
export function parseHost(text: string): HostAddress {
  if (text === 'ollama.com') return { host: text, port: 443 }
  const [, scheme = '', rest = ''] = /^(?:(.*?):\/\/)?(.*)$/s.exec(text) ?? []
  const defaultPort = DEFAULT_PORTS[scheme] ?? 11434
  const authority = rest.split('/', 1)[0] ?? ''
  const split = splitPort(authority)
  if (split === undefined) return { host: unbracket(authority) || DEFAULT_HOST, port: defaultPort }
  const host = split.host === '' ? '::' : unbracket(split.host)
  const port = /^\+?\d+$/.test(split.port) ? Number(split.port) : Number.NaN
  if (port <= 65_535) return { host, port }
  return { host, port: defaultPort, warning: `invalid port "${split.port}", using ${defaultPort}` }
}

/** Host and port of `host:port`; undefined when there is no port, as in a bare IPv6 address. */
function splitPort(authority: string): { host: string; port: string } | undefined {
  if (isIP(authority) === 6) return undefined
  const colon = authority.lastIndexOf(':')
  if (colon < 0 || authority.endsWith(']')) return undefined
  return { host: authority.slice(0, colon), port: authority.slice(colon + 1) }
}

const unbracket = (host: string) => host.replace(/^\[(.*)\]$/, '$1')
