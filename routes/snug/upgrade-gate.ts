/**
 * Which requests become WebSockets. As soon as anybody listens to a server's upgrades, Node takes every request with
 * an Upgrade header off the server, among them those of clients that offer HTTP/2 on their first request, as Java's
 * does. Such a request is put back on its socket without the offer and answered as if nobody had listened.
 */
import { type IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'

/** The part of an HTTP server that the gate needs. */
type Upgrading = Pick<Server, 'on' | 'emit'>

/**
 * Passes upgrades to WebSockets at `path` on to the server it returns, which never listens itself, and answers all
 * others as plain requests. Nothing passes any more once `stopping` has aborted.
 */
export function gateFor(server: Upgrading, path: string, stopping: AbortSignal): Server {
  const inside = new Server()
  server.on('upgrade', (request, socket, head) => {
    if (!isWanted(request, path)) putBack(server, request, socket, head)
    else if (stopping.aborted) refuse(socket)
    else inside.emit('upgrade', request, socket, head)
  })
  return inside
}

function isWanted({ method, url = '', headers }: IncomingMessage, path: string): boolean {
  return method === 'GET' && url.split('?', 1)[0] === path && headers.upgrade?.toLowerCase() === 'websocket'
}

function refuse(socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  socket.end('HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n', () => {
    socket.destroy()
  })
}

/** The parser has checked these lines once and will again, so nothing can hide in them. */
function putBack(server: Upgrading, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`]
  const { rawHeaders } = request
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() === 'upgrade') continue
    lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  }
  // Node reads headers as latin1.
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]))
  server.emit('connection', socket)
}
