/** A registry with one model of one layer, for benches. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Layer {
  /** `sha256:<hex>`. */
  digest: string
  size: number
  /** Sends bytes `start` up to and including `end`; headers are set. */
  send(response: ServerResponse, start: number, end: number): void
  /** Somebody begins to pull. */
  onManifest?(): void
}

/** Listens on loopback; `host` is `127.0.0.1:<port>`, and any model name is that of the one model. */
export async function startRegistry(layer: Layer): Promise<{ host: string; close(): Promise<void> }> {
  const { digest, size } = layer
  const mediaType = 'application/vnd.ollama.image.model'
  const manifest = JSON.stringify({ schemaVersion: 2, layers: [{ mediaType, digest, size }] })
  const server = createServer((request, response) => {
    response.on('error', () => {})
    if (request.url?.includes('/manifests/')) {
      layer.onManifest?.()
      return void response.end(manifest)
    }
    if (!request.url?.endsWith(digest)) return void response.writeHead(404).end()
    answerBlob(layer, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function answerBlob({ size, send }: Layer, request: IncomingMessage, response: ServerResponse): void {
  const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
  const [start, end] = range ? [Number(range[1]), Number(range[2])] : [0, size - 1]
  if (range) response.setHeader('content-range', `bytes ${start}-${end}/${size}`)
  response.writeHead(range ? 206 : 200, { 'content-length': end + 1 - start })
  if (request.method === 'HEAD') response.end()
  // Whoever asks for no range wants to know where the blob lies, and hangs up.
  else if (range) send(response, start, end)
  else response.flushHeaders()
}
