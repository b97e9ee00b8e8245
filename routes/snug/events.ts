import websocket from '@fastify/websocket'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type FastifyPluginAsyncZod, serializerCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ollamaError } from '../ollama/error.ts'
import { RequestError } from '../wire/problem.ts'
import type { EventFeed } from './event-feed.ts'
import { SnugEvent } from './event-schema.ts'
import { SOCKET_LIMITS, type SocketLimits, sendToSocket } from './event-socket.ts'
import { streamEvents } from './event-stream.ts'
import { gateFor } from './upgrade-gate.ts'

const PATH = '/api/events'

/** Clients at the same time. */
const MOST_LISTENERS = 512

/** Clients have nothing to say here. */
const MOST_PAYLOAD_BYTES = 1024

const DESCRIPTION = `What happens to models, as it happens: a WebSocket, or server-sent events for clients that accept
\`text/event-stream\`. Every message is a JSON object of the schema \`${SnugEvent.meta()?.id}\`. The first is a snapshot of
what is loaded. A client that reads too slowly misses states that newer ones have replaced, and \`dropped\` says how
many; one that falls behind further is disconnected (1013) and should connect again.`

const Refusal = z.object({ error: z.string() })

/** What is answered where no WebSocket begins. */
const ANSWERS = {
  200: {
    description: 'To clients that accept `text/event-stream`: a message in the data of each event',
    content: { 'text/event-stream': { schema: z.string() } },
  },
  426: Refusal.describe('Neither a WebSocket nor a stream of events was asked for'),
  503: Refusal.describe('Too many clients listen, or the server stops'),
}

export interface EventsOptions {
  feed: EventFeed
  limits?: SocketLimits
}

/** What the engine does, for people who watch. Origins are checked before the upgrade, as on every request. */
export const eventRoutes: FastifyPluginAsyncZod<EventsOptions> = async (
  app,
  { feed, limits = SOCKET_LIMITS },
) => {
  app.setErrorHandler(ollamaError)
  app.setSerializerCompiler(serializerCompiler)
  await app.register(websocket, {
    options: {
      server: gateFor(app.server, PATH, app.stopping),
      maxPayload: MOST_PAYLOAD_BYTES,
      autoPong: false,
    },
    // The socket closes itself, see event-socket.ts.
    errorHandler: (error, _socket, request) => request.log.info({ err: error }, 'client of events failed'),
    // All sockets are gone by then: each of them listens to `stopping`.
    preClose: (done) => {
      app.websocketServer.close()
      done()
    },
  })
  // A request that was refused before it became a WebSocket: the server does not look after its socket any more.
  app.addHook('onResponse', async (request) => {
    if (isUpgrade(request)) request.raw.socket.destroy()
  })
  app.addHook('onRequest', async () => {
    if (feed.listeners() >= MOST_LISTENERS) throw new RequestError(503, 'too many clients listen to events')
  })
  app.route({
    method: 'GET',
    url: PATH,
    exposeHeadRoute: false,
    schema: { summary: 'Events of the engine', description: DESCRIPTION, response: ANSWERS },
    handler: (request, reply) => withoutSocket(feed, request, reply),
    wsHandler: (socket) => sendToSocket(socket, feed, app.stopping, limits),
  })
}

const isUpgrade = ({ headers }: FastifyRequest): boolean => headers.upgrade !== undefined

function withoutSocket(feed: EventFeed, request: FastifyRequest, reply: FastifyReply): void {
  if (request.headers.accept?.includes('text/event-stream') === true) {
    streamEvents(feed, reply)
    return
  }
  reply.header('upgrade', 'websocket')
  throw new RequestError(426, 'connect with a WebSocket, or accept text/event-stream')
}
