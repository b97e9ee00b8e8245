import type { FastifyError, FastifyReply } from 'fastify'
import { type FastifyPluginAsyncZod, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
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

const ModelHealth = z
  .object({
    model: z.string(),
    result: z
      .enum(['token', 'busy', 'failed'])
      .describe('`token`: it gave one; `busy`: it was at work already'),
    ms: z.int().describe('How long that took'),
    reason: z.string().optional(),
  })
  .meta({ id: 'SnugModelHealth', title: 'ModelHealth' })
const models = z.array(ModelHealth).optional().describe('With `deep`')

const Healthy = z
  .object({
    status: z.literal('ok'),
    loaded: z.int().describe('Models in memory'),
    loading: z.int(),
    waiting: z.int().describe('Requests in line for a model'),
    models,
  })
  .meta({ id: 'SnugHealth', title: 'Health' })
const Unavailable = z
  .object({ status: z.literal('unavailable'), reason: z.string(), models })
  .meta({ id: 'SnugUnavailable', title: 'Unavailable' })
type Health = z.output<typeof Healthy> | z.output<typeof Unavailable>

const ANSWERS = { 200: Healthy, 503: Unavailable }

type Asked = Pick<Engine, 'pulse' | 'probe'>

/** What operators and platforms ask: is it there, can it work, do its models answer. Nobody has to be known for it. */
export const healthRoutes: FastifyPluginAsyncZod = async (app) => {
  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const { code, message } = toProblem(error)
    return code === 'shutting_down' ? unavailable(reply, message) : ollamaError(error, request, reply)
  })
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })
  app.get(
    '/livez',
    { schema: { summary: 'The process answers', response: { 200: z.object({ status: z.literal('ok') }) } } },
    () => ({ status: 'ok' as const }),
  )
  app.get('/readyz', { schema: { summary: 'The scheduler answers', response: ANSWERS } }, (_req, reply) =>
    ready(app.engine, reply),
  )
  app.get(
    '/healthz',
    {
      schema: {
        summary: 'The scheduler answers and, with deep=1, so do the models',
        querystring: HealthQuery,
        response: ANSWERS,
      },
    },
    ({ query }, reply) =>
      query.deep === '1' || query.deep === 'true'
        ? deepHealth(app.engine, query.budget_ms, reply)
        : ready(app.engine, reply),
  )
}

/** 503 with the reason when the scheduler cannot say what it is doing. */
async function ready(engine: Asked, reply: FastifyReply): Promise<Health> {
  try {
    return { status: 'ok', ...(await engine.pulse(PULSE_MS)) }
  } catch (error) {
    reply.log.error({ err: error }, 'the scheduler does not answer')
    return unavailable(reply, toProblem(error).message)
  }
}

/** 503 when one model of those that are loaded does not give a token; what each of them did in any case. */
async function deepHealth(engine: Asked, budgetMs: number, reply: FastifyReply): Promise<Health> {
  const health = await ready(engine, reply)
  if (reply.statusCode !== 200) return health
  const probes = await engine.probe(budgetMs)
  const models = probes.map(toModelHealth)
  const failed = probes.filter(({ result }) => result === 'failed').length
  if (failed === 0) return { ...health, models }
  return { ...unavailable(reply, `${failed} of ${probes.length} models gave no token`), models }
}

function unavailable(reply: FastifyReply, reason: string): z.output<typeof Unavailable> {
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
