import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { bytesContent, type Content } from './content.ts'
import { createFaults, type Fault, type FaultRule } from './fault.ts'
import { sendBlob } from './send-blob.ts'
import { createTokens, type TokenRequest } from './tokens.ts'
import { createUploads, readAll, type UploadOptions } from './uploads.ts'

export interface RegistryOptions extends UploadOptions {
  /** The address to listen on. */
  address?: string
  /** Answers 401 to requests without a token; `realm` is its own token endpoint when left out. */
  auth?: { realm?: string; service?: string; scope?: string }
  /** Where GET of a blob redirects: the origin of a server that has it under `/blob/<digest>`. */
  redirectBlobs?: { to: string; status?: number; asHeaderOnly?: boolean }
}

export interface RecordedRequest {
  method: string
  /** Path and query. */
  url: string
  headers: IncomingHttpHeaders
}

export interface PublishedLayer {
  /** The end of the media type, such as `model` or `template`. */
  kind: string
  content: Content | string
  from?: string
}

/** A registry on loopback that remembers what it was asked, and can be told to go wrong. */
export interface TestRegistry {
  /** `127.0.0.1:<port>`: the first part of a model's name. */
  host: string
  origin: string
  requests: RecordedRequest[]
  /** Granted tokens. */
  tokenRequests: TokenRequest[]
  revokeTokens(): void
  blobs: Map<string, Content>
  /** What PUT has brought in and `publish` has set, by path. */
  manifests: Map<string, Buffer>
  /** Makes a model of layers and a config; gives the manifest's bytes. */
  publish(name: string, layers: readonly PublishedLayer[], tag?: string): Buffer
  /** Takes a part that was sent to another server; for that server's `answer` fault. */
  takePart(request: IncomingMessage, response: ServerResponse): void
  fault(rule: FaultRule): void
  clearFaults(): void
}

/** Starts a registry; it ends with the test. */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const { address = '127.0.0.1' } = options
  const requests: RecordedRequest[] = []
  const blobs = new Map<string, Content>()
  const manifests = new Map<string, Buffer>()
  const faults = createFaults()
  let origin = ''
  const tokens = createTokens(() => origin)
  const uploads = createUploads(blobs, options)

  const isAllowed = ({ headers }: IncomingMessage) =>
    options.auth === undefined || tokens.isValid(headers.authorization)

  const challenge = ({ realm = `${origin}/token`, service = 'registry', scope = 'pull' }) =>
    `Bearer realm="${realm}",service="${service}",scope="${scope}"`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request
    requests.push({ method, url, headers })
    const fault = faults.take(method, url)
    if (fault && 'answer' in fault) return fault.answer(request, response)
    if (fault && 'status' in fault) {
      request.resume()
      return void response.writeHead(fault.status, fault.headers).end(fault.body)
    }
    await route(request, response, new URL(url, origin), fault)
  }

  async function route(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    fault: Fault | undefined,
  ) {
    const { pathname } = url
    if (pathname === '/token') return grant(request, response)
    const direct = /^\/blob\/(.+)$/.exec(pathname)
    if (direct) return give(request, response, direct[1] ?? '', fault)
    await inRepository(request, response, url, fault)
  }

  async function inRepository(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    fault: Fault | undefined,
  ) {
    if (options.auth !== undefined && !isAllowed(request)) {
      request.resume()
      return void response.writeHead(401, { 'www-authenticate': challenge(options.auth) }).end()
    }
    const match = /^\/v2\/([^/]+\/[^/]+)\/(manifests|blobs\/uploads|blobs)\/(.*)$/.exec(url.pathname)
    const [, repository = '', kind, rest = ''] = match ?? []
    if (kind === 'manifests') return manifest(request, response, url.pathname)
    if (kind === 'blobs/uploads') return upload(request, response, repository, rest, url.searchParams)
    if (kind === 'blobs') return blob(request, response, rest, fault)
    response.writeHead(404).end()
  }

  async function blob(
    request: IncomingMessage,
    response: ServerResponse,
    digest: string,
    fault: Fault | undefined,
  ) {
    const { redirectBlobs } = options
    if (request.method !== 'GET' || redirectBlobs === undefined) return give(request, response, digest, fault)
    const location = `${redirectBlobs.to}/blob/${digest}?signature=secret`
    response.writeHead(redirectBlobs.asHeaderOnly ? 200 : (redirectBlobs.status ?? 307), { location }).end()
  }

  function grant(request: IncomingMessage, response: ServerResponse): void {
    const result = tokens.grant(request)
    if ('refusal' in result) return void response.writeHead(403).end(result.refusal)
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result))
  }

  async function give(
    request: IncomingMessage,
    response: ServerResponse,
    digest: string,
    fault: Fault | undefined,
  ) {
    const content = blobs.get(digest)
    if (!content) return void response.writeHead(404).end()
    await sendBlob(request, response, content, fault)
  }

  async function manifest(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    if (request.method === 'PUT') {
      manifests.set(path, await readAll(request))
      return void response.writeHead(201).end()
    }
    const bytes = manifests.get(path)
    if (!bytes) return void response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
    response.writeHead(200, { 'content-length': bytes.length }).end(bytes)
  }

  async function upload(
    request: IncomingMessage,
    response: ServerResponse,
    repository: string,
    id: string,
    query: URLSearchParams,
  ): Promise<void> {
    if (request.method === 'PATCH') return uploads.part(request, response, repository, id)
    request.resume()
    if (request.method === 'POST') uploads.start(response, repository, query)
    else uploads.finish(response, id, query)
  }

  const server = createServer((request, response) => {
    request.on('error', () => {})
    response.on('error', () => {})
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, address)
  await once(server, 'listening')
  const host = `${address}:${(server.address() as AddressInfo).port}`
  origin = `http://${host}`
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  return {
    host,
    origin,
    requests,
    tokenRequests: tokens.requests,
    revokeTokens: tokens.revoke,
    blobs,
    manifests,
    takePart: (request, response) => void uploads.redirected(request, response),
    fault: faults.add,
    clearFaults: faults.clear,
    publish(name, layers, tag = 'latest') {
      const add = (content: Content | string) => {
        const blob = typeof content === 'string' ? bytesContent(content) : content
        blobs.set(blob.digest, blob)
        return { digest: blob.digest, size: blob.size }
      }
      const listed = layers.map(({ kind, content, from }) => ({
        mediaType: `application/vnd.ollama.image.${kind}`,
        ...add(content),
        ...(from === undefined ? {} : { from }),
      }))
      const config = add(
        '{"model_format":"gguf","model_family":"llama","architecture":"amd64","os":"linux"}\n',
      )
      const bytes = Buffer.from(
        // Not the way we would write it: what is kept must be what was sent.
        JSON.stringify(
          {
            schemaVersion: 2,
            mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
            config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
            layers: listed,
          },
          null,
          3,
        ),
      )
      manifests.set(`/v2/${name}/manifests/${tag}`, bytes)
      return bytes
    },
  }
}
