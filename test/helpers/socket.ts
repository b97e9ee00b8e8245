import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, onTestFinished } from 'vitest'

/** A client that does what no library would: half a request, two at once, hanging up, not reading. */
export interface TestSocket {
  /** Writes bytes as they are. */
  send(text: string): void
  /** Writes a whole POST request with a JSON body. */
  post(path: string, body: object): void
  /** Everything read so far, headers and chunk sizes included. */
  received(): string
  /** Waits until `part` has been read. */
  until(part: string): Promise<void>
  pause(): void
  resume(): void
  hangUp(): void
  /** Settles when the connection is gone, whoever ended it. */
  readonly closed: Promise<void>
}

/** Connects to the server at `url`; the connection ends with the test at the latest. */
export async function openSocket(url: string): Promise<TestSocket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  onTestFinished(() => void socket.destroy())
  let text = ''
  socket.setEncoding('utf8')
  socket.on('data', (chunk) => {
    text += chunk
  })
  // A reset is an ending like any other: 'close' follows.
  socket.on('error', () => {})
  return {
    send: (bytes) => void socket.write(bytes),
    post: (path, body) => void socket.write(postRequest(path, body)),
    received: () => text,
    until: (part) => expect.poll(() => text, { timeout: 10_000, interval: 5 }).toContain(part),
    pause: () => void socket.pause(),
    resume: () => void socket.resume(),
    hangUp: () => void socket.destroy(),
    closed: new Promise((resolve) => socket.once('close', () => resolve())),
  }
}

/** The bytes of a POST request, for sending in parts. */
export function postRequest(path: string, body: object): string {
  const json = JSON.stringify(body)
  const head = [`POST ${path} HTTP/1.1`, 'host: localhost', `content-length: ${Buffer.byteLength(json)}`]
  return `${head.join('\r\n')}\r\n\r\n${json}`
}
