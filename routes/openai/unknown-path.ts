import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RequestError } from '../wire/problem.ts'

/**
 * Refuses what is not in the table of this scope: 404 for a path, 405 for a method. To be called before the
 * routes are registered. Never 501: client libraries repeat every status from 500 up.
 */
export function refuseUnknownPaths(app: FastifyInstance): void {
  const methodsOf = new Map<string, string[]>()
  app.addHook('onRoute', ({ url, method }) => {
    methodsOf.set(url, [...(methodsOf.get(url) ?? []), ...[method].flat()])
  })
  const refuse = (request: FastifyRequest, reply: FastifyReply): never => {
    const path = request.url.replace(/\?.*$/s, '')
    const methods = allowedMethods(methodsOf, path)
    if (methods === undefined) throw new RequestError(404, `no such endpoint: ${path.slice(0, 200)}`)
    reply.header('allow', methods.join(', '))
    throw new RequestError(405, `${request.method} is not allowed here, only ${methods.join(', ')}`)
  }
  // Before the body is read: nobody will look at it, and it may be of any kind and size.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) refuse(request, reply)
  })
  app.setNotFoundHandler(refuse)
}

function allowedMethods(methodsOf: ReadonlyMap<string, string[]>, path: string): string[] | undefined {
  const wildcard = [...methodsOf].find(([url]) => url.endsWith('*') && path.startsWith(url.slice(0, -1)))
  return methodsOf.get(path) ?? wildcard?.[1]
}
