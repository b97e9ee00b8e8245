import type { FastifyError, FastifyReply } from 'fastify'
import { type FastifyPluginAsyncZod, validatorCompiler } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { Probe } from '../../engine/health/probe.ts'
import type { Engine } from '../../engine/types.ts'
import { ollamaError } from '../ollama/error.ts'
import { toProblem } from '../wire/problem.ts'

/** Probes of a container platform wait for a second unless told otherwise; this leaves time for the answer. */
const PULSE_MS = 800

const DEFAULT_BUDGET_MS = 5_000
const LONGEST_BUDGET_MS = 60_000

const HealthQuery = z.object({
  deep: z.enum(['1', 'true', '0', 'false']).default('0').describe('`1` asks every loaded model for a token'),
  budget_ms: z.coerce
    .number()
    .int()
    .min(1)
    .max(LONGEST_BUDGET_MS)
    .default(DEFAULT_BUDGET_MS)
    .describe('With `deep`: how long a model may take'),
})

type Health = Pick<Engine, 'pulse' | 'probe'>

/** What operators and platforms ask: is it there, can it work, do its models answer. Nobody has to be known for it. */
export const healthRoutes: FastifyPluginAsyncZod = async (app) => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { code, message } = toProblem(error)
    return code === 'shutting_down' ? unavailable(reply, message) : ollamaError(error, request, reply)
  })
  app.setValidatorCompiler(validatorCompiler)
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get('/livez', { schema: { summary: 'The process answers' } }, () => ({ status: 'ok' }))
  app.get('/readyz', { schema: { summary: 'The scheduler answers' } }, (_req, reply) =>
    ready(app.engine, reply),
  )
  app.get(
    '/healthz',
    {
      schema: {
        summary: 'The scheduler answers and, with deep=1, so do the models',
        querystring: HealthQuery,
      },
    },
    ({ query }, reply) =>
      query.deep === '1' || query.deep === 'true'
        ? deepHealth(app.engine, query.budget_ms, reply)
        : ready(app.engine, reply),
  )
}

/** 503 with the reason when the scheduler cannot say what it is doing. */
async function ready(engine: Health, reply: FastifyReply): Promise<object> {
  try {
    return { status: 'ok', ...(await engine.pulse(PULSE_MS)) }
  } catch (error) {
    reply.log.error({ err: error }, 'the scheduler does not answer')
    return unavailable(reply, toProblem(error).message)
  }
}

/** 503 when one model of those that are loaded does not give a token; what each of them did in any case. */
async function deepHealth(engine: Health, budgetMs: number, reply: FastifyReply): Promise<object> {
  const health = await ready(engine, reply)
  if (reply.statusCode !== 200) return health
  const probes = await engine.probe(budgetMs)
  const models = probes.map(toModelHealth)
  const failed = probes.filter(({ result }) => result === 'failed').length
  if (failed === 0) return { ...health, models }
  return { ...unavailable(reply, `${failed} of ${probes.length} models gave no token`), models }
}

function unavailable(reply: FastifyReply, reason: string): object {
  // A hook may have refused the request before the one that sets this.
  reply.header('cache-control', 'no-store')
  reply.code(503)
  return { status: 'unavailable', reason }
}

const toModelHealth = ({ model, result, ms, reason }: Probe) => ({
  model: model.shortName,
  result,
  ms: Math.round(ms),
  ...(reason === undefined ? {} : { reason }),
})
