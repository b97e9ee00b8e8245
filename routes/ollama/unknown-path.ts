import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Answers paths and methods that are not in the table as Ollama's router does: plain text, or a redirect. */
export function answerUnknownPaths(app: FastifyInstance): void {
  const methodsOf = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = methodsOf.get(url) ?? new Set()
    for (const one of [method].flat()) methods.add(one)
    methodsOf.set(url, methods)
  })
  app.setNotFoundHandler((request, reply) => {
    const [path = '', query] = splitOnce(request.url, '?')
    const methods = methodsOf.get(path)
    if (methods !== undefined) {
      return plainText(reply.header('allow', [...methods].join(', ')), 405, '405 method not allowed')
    }
    const withoutSlash = path.slice(0, -1)
    if (path.endsWith('/') && methodsOf.get(withoutSlash)?.has(request.method)) {
      return redirect(request, reply, query === undefined ? withoutSlash : `${withoutSlash}?${query}`)
    }
    return plainText(reply, 404, '404 page not found')
  })
}

const plainText = (reply: FastifyReply, status: number, words: string): FastifyReply =>
  reply.code(status).type('text/plain').send(words)

/** Only GET may be repeated as another request; the others must keep their method and body. */
const redirect = (request: FastifyRequest, reply: FastifyReply, to: string): FastifyReply =>
  reply.redirect(to, request.method === 'GET' ? 301 : 307)

function splitOnce(text: string, mark: string): [string, string?] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)]
}
