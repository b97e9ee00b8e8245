import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { bytesContent, type Content } from './registry/content.ts'
import { sendBlob } from './registry/send-blob.ts'

export interface HubOptions {
  /** Who may see the repository; everybody when left out. */
  token?: string
  /** What needs that token: everything, or only the content of files. */
  guards?: 'all' | 'content'
  /** The origin of a server that has large files under `/blob/<digest>`; they are sent from here when left out. */
  storage?: string
  /** Files on a page of the list. */
  pageFiles?: number
  /** The protocol of registries does not know the token. */
  registryTakesNoToken?: boolean
}

export interface TestHub {
  origin: string
  requests: { method: string; url: string; headers: IncomingHttpHeaders }[]
  /** Puts a file into the repository `u/R`; small ones lie in Git, GGUF files do not. */
  add(path: string, bytes: Buffer | string): Content
  /** Makes a tag known to the protocol of registries. */
  publish(tag: string, manifest: Buffer, blobs: readonly Content[]): void
  /** What the list is instead of the truth. */
  list: string | undefined
  /** What a file consists of instead of what the list says. */
  replace(path: string, bytes: Buffer): void
}

/** What Hugging Face says of split models (huggingface/hub-docs issue 2702). */
export const SPLIT_REFUSED = '{"error":"The specified tag is a sharded GGUF."}'

/** A Hugging Face on loopback with the one repository `u/R`; it ends with the test. */
export async function startHuggingFace(options: HubOptions = {}): Promise<TestHub> {
  const { guards = 'all', pageFiles = 1000 } = options
  const files = new Map<string, Content>()
  const sent = new Map<string, Content>()
  const manifests = new Map<string, Buffer>()
  const blobs = new Map<string, Content>()

  const entries = () =>
    Array.from(files, ([path, content]) => {
      const bytes = Buffer.concat([...content.read(0, content.size)])
      const oid = createHash('sha1').update(`blob ${content.size}\0`).update(bytes).digest('hex')
      const lfs = { oid: content.digest.slice('sha256:'.length), size: content.size, pointerSize: 134 }
      return { type: 'file', oid, size: content.size, path, ...(path.endsWith('.gguf') ? { lfs } : {}) }
    })

  function list(response: ServerResponse, url: URL): void {
    const start = Number(url.searchParams.get('cursor') ?? 0)
    const all = [{ type: 'directory', oid: '0'.repeat(40), size: 0, path: 'sub' }, ...entries()]
    if (start + pageFiles < all.length) {
      // As a mirror does it: the addresses are those of the original.
      const next = `https://huggingface.co${url.pathname}?recursive=true&cursor=${start + pageFiles}`
      response.setHeader('link', `<${next}>; rel="next"`)
    }
    response.end(hub.list ?? JSON.stringify(all.slice(start, start + pageFiles)))
  }

  async function resolve(request: IncomingMessage, response: ServerResponse, path: string) {
    const content = sent.get(path) ?? files.get(path)
    if (content === undefined) return void response.writeHead(404).end()
    if (options.storage === undefined || !path.endsWith('.gguf')) {
      return await sendBlob(request, response, content, undefined)
    }
    const location = `${options.storage}/blob/${content.digest}?signature=secret`
    response.writeHead(302, { location }).end()
  }

  async function registry(request: IncomingMessage, response: ServerResponse, path: string) {
    const [kind, rest = ''] = path.split('/')
    const blob = blobs.get(rest)
    if (kind === 'blobs' && blob) return await sendBlob(request, response, blob, undefined)
    const manifest = manifests.get(rest.toLowerCase())
    if (kind === 'manifests' && manifest) return void response.end(manifest)
    response.writeHead(400).end(SPLIT_REFUSED)
  }

  function isAllowed(request: IncomingMessage, isList: boolean): boolean {
    if (options.token === undefined || (isList && guards === 'content')) return true
    return request.headers.authorization === `Bearer ${options.token}`
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: path = '', headers } = request
    hub.requests.push({ method, url: path, headers })
    request.resume()
    const url = new URL(path, hub.origin)
    const isList = url.pathname.startsWith('/api/models/u/R/tree/')
    const isRefused = options.registryTakesNoToken && url.pathname.startsWith('/v2/')
    if (isRefused || !isAllowed(request, isList)) {
      const challenge = 'Bearer realm="Authentication required", charset="UTF-8"'
      const text = '{"error":"Invalid username or password."}'
      // Whoever shows a token is known, and still may not.
      const status = request.headers.authorization === undefined ? 401 : 403
      return void response.writeHead(status, { 'www-authenticate': challenge }).end(text)
    }
    if (isList) return list(response, url)
    const [, file] = /^\/u\/R\/resolve\/main\/(.+)$/.exec(url.pathname) ?? []
    if (file !== undefined) return await resolve(request, response, decodeURIComponent(file))
    const [, rest] = /^\/v2\/u\/R\/(.+)$/.exec(url.pathname) ?? []
    if (rest !== undefined) return await registry(request, response, rest)
    response.writeHead(404).end()
  }

  const server = createServer((request, response) => {
    response.on('error', () => {})
    answer(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  const hub: TestHub = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    list: undefined,
    add(path, bytes) {
      const content = bytesContent(bytes)
      files.set(path, content)
      return content
    },
    publish(tag, manifest, contents) {
      manifests.set(tag.toLowerCase(), manifest)
      for (const content of contents) blobs.set(content.digest, content)
    },
    replace: (path, bytes) => void sent.set(path, bytesContent(bytes)),
  }
  return hub
}
