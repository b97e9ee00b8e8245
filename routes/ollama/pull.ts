import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Pulls } from '../../engine/registry/pull.ts'
import { parseModelRef, storedName } from '../../engine/store/model-ref.ts'
import { hasTag, parseModelName } from '../../engine/store/name.ts'
import { RequestError } from '../wire/problem.ts'
import { jobSignal } from '../wire/run-job.ts'
import { flag, text } from './fields.ts'
import { sendTransfer } from './transfer.ts'

export const PullRequest = z
  .object({
    model: text().describe(
      'Model to get, with the registry in front unless it is registry.ollama.ai; without a tag or with `:auto` the ' +
        'quantization that suits this machine best',
    ),
    name: text().describe('Older name of `model`'),
    insecure: flag().describe('Speak http instead of https'),
    stream: flag(true).describe('Report progress line by line'),
  })
  .meta({ id: 'OllamaPullRequest', title: 'PullRequest' })

/**
 * POST /api/pull: gets a model from its registry; without a tag, or with `auto`, the one that suits this machine. It stops when the client leaves, and goes on from there next time.
 */
export function pull(pulls: Pulls, body: z.output<typeof PullRequest>, reply: FastifyReply): Promise<object> {
  const wanted = storedName(parseModelRef(body.model || body.name))
  const name = parseModelName(wanted)
  if (!name) throw new RequestError(400, 'invalid model name')
  const { insecure, stream } = body
  return sendTransfer(reply, pulls.pull({ name, hasTag: hasTag(wanted), insecure }, jobSignal(reply)), stream)
}
