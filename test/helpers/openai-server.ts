import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'

/** For what comes at once, unless the machine is busy with something else. */
export const PATIENT = { timeout: 20_000 }

export interface OpenAiRequest {
  path: string
  headers: IncomingHttpHeaders
  // biome-ignore lint/suspicious/noExplicitAny: tests look at what they know is there
  body: any
}

export interface OpenAiServer {
  /** `http://127.0.0.1:<port>`. */
  origin: string
  requests: OpenAiRequest[]
  /** Connections that are open now. */
  connections(): Promise<number>
}

/** How one request is answered. */
export type Reply = (response: ServerResponse, request: OpenAiRequest) => void | Promise<void>

/** A server on loopback that answers as it is told and remembers what it was asked; it ends with the test. */
export async function startOpenAi(reply: Reply): Promise<OpenAiServer> {
  const requests: OpenAiRequest[] = []
  const server = createServer(async (incoming, response) => {
    const { url = '', headers } = incoming
    const request = { path: url, headers, body: JSON.parse(await text(incoming)) }
    requests.push(request)
    await reply(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
      ),
  }
}

/** Begins a stream of events. */
export const beginEvents = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream' })

/** The bytes of an event. */
export const event = (data: object | string): string =>
  `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`

/** A chunk of a chat with one choice. */
export const chunk = (delta: object, finish: string | null = null, more: object = {}): object => ({
  object: 'chat.completion.chunk',
  choices: [{ index: 0, delta, finish_reason: finish, ...more }],
})

export const USAGE = { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 2 } }

/** Answers with these events, the usage and the end. */
export const says =
  (...events: (object | string)[]): Reply =>
  (response) => {
    const all = [...events, { choices: [], usage: USAGE }, '[DONE]']
    beginEvents(response).end(all.map(event).join(''))
  }

/** Answers with a status and a JSON body. */
export const refuses =
  (status: number, body: object | string, headers: Record<string, string> = {}): Reply =>
  (response) => {
    const isText = typeof body === 'string'
    const type = isText ? 'text/html' : 'application/json'
    response.writeHead(status, { 'content-type': type, ...headers }).end(isText ? body : JSON.stringify(body))
  }
