import type { IncomingHttpHeaders } from 'node:http'
import { z } from 'zod'
import type { PreviewLoad } from '../../engine/planning/preview.ts'
import { parseModelRef } from '../../engine/store/model-ref.ts'
import { modelfileText, parametersText } from '../../engine/store/modelfile.ts'
import { parseModelName, shortName } from '../../engine/store/name.ts'
import type { InstalledModel, ModelDetails, ModelStore } from '../../engine/store/types.ts'
import type { Engine } from '../../engine/types.ts'
import { localTimestamp } from '../../formats/timestamps.ts'
import { RequestError } from '../wire/problem.ts'
import { toDetails, toRemote } from './details.ts'
import { bag, flag, text } from './fields.ts'
import { findModel } from './lookup.ts'
import { omitEmpty } from './omit-empty.ts'
import { toPlanning, toPreview } from './plan-view.ts'

export const ShowRequest = z
  .object({
    model: text().describe('Model to describe'),
    name: text().describe('Older name of `model`'),
    verbose: flag().describe('Lists of the weights header too, such as the vocabulary'),
    system: text().describe("System text to show in place of the model's own"),
    options: bag().describe('Parameters to lay over those of the Modelfile'),
  })
  .meta({ id: 'OllamaShowRequest', title: 'ShowRequest' })
export type ShowRequest = z.output<typeof ShowRequest>

/** What describing a model needs. */
interface Shown {
  models: ModelStore
  engine: Engine
  /** Absent where nothing is planned. */
  previewLoad: PreviewLoad | undefined
}

/** Answers POST /api/show: everything known about a model without loading it. */
export async function show(
  { models, engine, previewLoad }: Shown,
  body: ShowRequest,
  headers: IncomingHttpHeaders,
) {
  const rawName = body.model || body.name
  if (rawName === '') throw new RequestError(400, 'model is required')
  const model = await findShown(models, rawName)
  const shown = toShown(model, await models.details(model, body.verbose), body)
  // Copilot shows this key as the model's name (ollama server/routes.go, ShowHandler).
  if (headers['user-agent']?.startsWith('GitHubCopilotChat/')) {
    shown.model_info['general.basename'] = rawName
  }
  const loaded = engine.loaded().find((one) => one.model.fullName === model.fullName)
  if (loaded !== undefined) return { ...shown, ...omitEmpty({ snug: toPlanning(loaded) }) }
  const preview = await previewLoad?.(model)
  return { ...shown, ...(preview && { snug: { preview: toPreview(preview) } }) }
}

async function findShown(models: ModelStore, rawName: string): Promise<InstalledModel> {
  const name = parseModelName(parseModelRef(rawName).name)
  const wording = {
    invalid: 'invalid model name',
    notFound: `model '${name === undefined ? rawName : shortName(name)}' not found`,
    cloud: 'ollama cloud is disabled: remote model details are unavailable',
  }
  const { model, ref } = await findModel(models, rawName, wording)
  const isStub = model.weightsPath === undefined
  if (isStub && ref.source === 'local') throw new RequestError(404, wording.notFound)
  return model
}

/** The whole reply, keys in Ollama's order. */
export function toShown(model: InstalledModel, details: ModelDetails, body: ShowRequest) {
  const { licenses, parameters, config, capabilities } = model
  return {
    ...omitEmpty({
      license: licenses.join('\n'),
      modelfile: modelfileText(model, { system: body.system, parameters: body.options ?? {} }),
      parameters: parametersText(parameters),
      template: templateOf(model),
      system: body.system || model.system,
    }),
    details: toDetails(model),
    ...omitEmpty({ messages: model.messages.map(({ role, content }) => ({ role, content })) }),
    ...toRemote(model),
    model_info: toModelInfo(model, details),
    ...omitEmpty({
      projector_info: Object.fromEntries(details.projectorMetadata ?? []),
      tensors: details.tensors,
      capabilities,
    }),
    modified_at: localTimestamp(model.modifiedAt.getTime()),
    ...omitEmpty({ requires: config.requires }),
  }
}

/** The template that writes prompts. Without any the prompt stays as it is. */
const templateOf = ({ facts, goTemplate, templatePath }: InstalledModel): string =>
  (templatePath === 'go' ? goTemplate : facts?.chatTemplate) || '{{ .Prompt }}'

/** Keys that have a place of their own in the reply, or are no use to a client. */
const HIDDEN: ReadonlySet<string> = new Set(['general.name', 'tokenizer.chat_template'])

function toModelInfo({ facts }: InstalledModel, { metadata }: ModelDetails): Record<string, unknown> {
  return {
    ...Object.fromEntries(metadata.filter(([key]) => !HIDDEN.has(key))),
    ...(facts === undefined ? {} : { 'general.parameter_count': facts.parameterCount }),
  }
}
