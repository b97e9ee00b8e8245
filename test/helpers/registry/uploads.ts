import { createHash, randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { bytesContent, type Content } from './content.ts'

export interface UploadOptions {
  /** Digests that another model of the registry has, so that they can be mounted. */
  mountable?: readonly string[]
  /** Sends parts elsewhere: the origin of a server that takes them. */
  redirectTo?: string
  /** Does so without reading the part first. */
  redirectsEarly?: boolean
}

/** Takes blobs in, part by part. */
export function createUploads(blobs: Map<string, Content>, options: UploadOptions) {
  const open = new Map<string, { parts: Buffer[] }>()
  const next = (repository: string, id: string) =>
    `/v2/${repository}/blobs/uploads/${id}?_state=${randomUUID()}`

  return {
    /** POST: a new upload, or a mount. */
    start(response: ServerResponse, repository: string, query: URLSearchParams): void {
      const mount = query.get('mount')
      if (mount !== null && options.mountable?.includes(mount)) return void response.writeHead(201).end()
      const id = randomUUID()
      open.set(id, { parts: [] })
      response.writeHead(202, { location: next(repository, id) }).end()
    },

    /** PATCH: the next part, or where to bring it. */
    async part(request: IncomingMessage, response: ServerResponse, repository: string, id: string) {
      const upload = open.get(id)
      if (!upload) return void response.writeHead(404).end()
      if (options.redirectTo !== undefined && request.headers['x-redirect-uploads'] === '1') {
        const place = upload.parts.push(Buffer.alloc(0)) - 1
        const location = `${options.redirectTo}/part/${id}/${place}`
        const headers = { location, 'docker-upload-location': next(repository, id) }
        if (!options.redirectsEarly) request.resume()
        response.writeHead(307, headers).end()
        if (options.redirectsEarly) request.socket.destroySoon()
        return
      }
      const before = Buffer.concat(upload.parts).length
      const bytes = await readAll(request)
      const isNext = request.headers['content-range'] === `${before}-${before + bytes.length - 1}`
      if (!isNext) return void response.writeHead(416).end()
      upload.parts.push(bytes)
      response.writeHead(202, { location: next(repository, id) }).end()
    },

    /** PUT of a part that was sent elsewhere. */
    async redirected(request: IncomingMessage, response: ServerResponse) {
      const [, id = '', place = ''] = /^\/part\/([^/]+)\/(\d+)$/.exec(request.url ?? '') ?? []
      const upload = open.get(id)
      if (!upload) return void response.writeHead(404).end()
      upload.parts[Number(place)] = await readAll(request)
      response.writeHead(200).end()
    },

    /** PUT: the end. The content must have the digest, and the parts the tag that is stated. */
    finish(response: ServerResponse, id: string, query: URLSearchParams): void {
      const upload = open.get(id)
      if (!upload) return void response.writeHead(404).end()
      const content = bytesContent(Buffer.concat(upload.parts))
      if (content.digest !== query.get('digest')) return void response.writeHead(400).end('wrong digest')
      if (query.get('etag') !== etagOf(upload.parts)) return void response.writeHead(400).end('wrong etag')
      open.delete(id)
      blobs.set(content.digest, content)
      response.writeHead(201).end()
    },
  }
}

function etagOf(parts: readonly Buffer[]): string {
  const sums = parts.map((part) => createHash('md5').update(part).digest())
  return `${createHash('md5').update(Buffer.concat(sums)).digest('hex')}-${parts.length}`
}

export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}
