import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import type { CreateModel, CreateRequest as Request } from '../../engine/create/types.ts'
import { maybe } from '../wire/maybe.ts'
import { jobSignal } from '../wire/run-job.ts'
import { bag, flag, list, readBy, text } from './fields.ts'
import { MessageRequest, toMessage } from './message.ts'
import { sendTransfer } from './transfer.ts'

/** Names of files and the digests of their blobs. */
const files = () => maybe(z.record(z.string(), text(), 'map[string]string'))

export const CreateRequest = z
  .object({
    model: text().describe('Name of the new model'),
    name: text().describe('Older name of `model`'),
    from: text().describe('Model to build on'),
    files: files().describe(
      'Files to make the model of: their names, and the digests they were uploaded under',
    ),
    adapters: files().describe('LoRA adapters, in the same way'),
    draft_files: files().describe('A smaller model that guesses ahead, in the same way'),
    draft_quantize: text().describe('Type to store the draft model in'),
    template: text().describe("Prompt template in Go's syntax"),
    system: text().describe('System text'),
    license: readBy(toLicenses).describe('A licence, or a list of them'),
    parameters: bag().describe('What the model does unless a request says otherwise'),
    messages: list(MessageRequest, '[]api.Message').describe('Turns that every chat begins with'),
    quantize: text().describe('Type to store the weights in, such as `q4_K_M`'),
    quantization: text().describe('Older name of `quantize`'),
    renderer: text(),
    parser: text(),
    requires: text().describe('The oldest version that can run the model'),
    info: bag().describe('What to say of the model instead of what its weights say'),
    remote_host: text().describe('Server that runs the model'),
    stream: flag(true).describe('Report progress line by line'),
  })
  .meta({ id: 'OllamaCreateRequest', title: 'CreateRequest' })
type CreateRequest = z.output<typeof CreateRequest>

/** Answers POST /api/create. */
export const create = (createModel: CreateModel, body: CreateRequest, reply: FastifyReply): Promise<object> =>
  sendTransfer(reply, createModel(toRequest(body), jobSignal(reply)), body.stream)

function toRequest(body: CreateRequest): Request {
  return {
    name: body.model || body.name,
    from: body.from,
    ...(body.files === undefined ? {} : { files: body.files }),
    ...(body.adapters === undefined ? {} : { adapters: body.adapters }),
    ...(body.draft_files === undefined ? {} : { draftFiles: body.draft_files }),
    draftQuantize: body.draft_quantize,
    template: body.template,
    system: body.system,
    licenses: body.license ?? [],
    parameters: body.parameters ?? {},
    messages: body.messages.map(toMessage),
    quantize: body.quantize || body.quantization,
    renderer: body.renderer,
    parser: body.parser,
    requires: body.requires,
    info: body.info ?? {},
    remoteHost: body.remote_host,
  }
}

/** One text or several. Throws SyntaxError in Go's words. */
function toLicenses(value: unknown): string[] {
  const texts = Array.isArray(value) ? value : [value]
  return texts.map((text) => {
    if (typeof text === 'string') return text
    throw new SyntaxError(`json: cannot unmarshal ${typeof text} into Go value of type string`)
  })
}
