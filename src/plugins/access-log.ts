import fp from 'fastify-plugin'

/** Numbers of a finished job, for the log. Counts are tokens, times are milliseconds. */
export interface JobSummary {
  model: string
  promptTokens?: number
  cachedTokens?: number
  outputTokens?: number
  /** Tokens of the prompt that did not fit and were left out. */
  droppedTokens?: number
  /** Tokens forgotten while the answer grew past the context. */
  shiftedTokens?: number
  /** Tokens computed ahead of the answer, and how many of them it took. */
  draftedTokens?: number
  acceptedTokens?: number
  loadMs?: number
  promptMs?: number
  outputMs?: number
  reason?: string
}

declare module 'fastify' {
  interface FastifyReply {
    /** What a route wants said of its job on the request's line in the log. */
    jobSummary?: JobSummary
  }
}

/** One line in the log for every reply, when its socket is done with it. Nothing that was said is in it. */
export const accessLogPlugin = fp(
  async (app) => {
    app.decorateReply('jobSummary')
    app.addHook('onRequest', async (request, reply) => {
      // 'close' comes for finished and broken replies alike; the onResponse hook skips broken ones.
      reply.raw.once('close', () => {
        const fields = {
          method: request.method,
          path: request.originalUrl.split('?', 1)[0],
          status: reply.raw.statusCode,
          ms: Math.round(reply.elapsedTime),
          clientLeft: !reply.raw.writableFinished,
          ...rounded(reply.jobSummary ?? {}),
        }
        request.log.info(fields, 'request done')
      })
    })
  },
  { name: 'access-log', fastify: '5.x' },
)

/** Whole milliseconds are as much as anybody charts. */
const rounded = (summary: Partial<JobSummary>) =>
  Object.fromEntries(
    Object.entries(summary).map(([name, value]) => [
      name,
      typeof value === 'number' ? Math.round(value) : value,
    ]),
  )
