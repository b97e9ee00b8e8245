import type { FastifyInstance } from 'fastify'
import { StartError } from './start-error.ts'

interface Address {
  host: string
  port: number
}

/** Starts listening and resolves to the URL for a browser on this machine. Throws StartError. */
export async function listen(
  app: Pick<FastifyInstance, 'listen' | 'server'>,
  { host, port }: Address,
): Promise<string> {
  try {
    await app.listen({ host, port })
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? ''
    // "Every interface" on a machine without IPv6.
    if (host === '::' && code === 'EAFNOSUPPORT') return listen(app, { host: '0.0.0.0', port })
    const advice = ADVICE[code]
    if (advice === undefined) throw error
    throw new StartError(`${shown(host)}:${port} ${advice}`, { cause: error })
  }
  return urlOf(app.server.address(), host)
}

const ADVICE: Record<string, string | undefined> = {
  EADDRINUSE:
    'is already in use. Another Snug or Ollama may be running: stop it, or choose another address, ' +
    'for example OLLAMA_HOST=127.0.0.1:11435',
  EACCES:
    'cannot be used without more rights. Choose a port above 1023, for example OLLAMA_HOST=127.0.0.1:11434',
  EADDRNOTAVAIL: 'is not an address of this machine. Set OLLAMA_HOST to one, or to 0.0.0.0 for all of them',
  ENOTFOUND: 'is not a name that this machine can look up. Set OLLAMA_HOST to an address',
}

function urlOf(bound: ReturnType<FastifyInstance['server']['address']>, host: string): string {
  return reachableUrl({ host, port: typeof bound === 'object' && bound !== null ? bound.port : '' })
}

/** Where a program on this machine reaches a server that listens there. */
export function reachableUrl({ host, port }: { host: string; port: number | '' }): string {
  // "Every interface" is no address to connect to.
  const reachable = host === '::' || host === '0.0.0.0' ? '127.0.0.1' : host
  return `http://${shown(reachable)}:${port}`
}

const shown = (host: string) => (host.includes(':') ? `[${host}]` : host)
