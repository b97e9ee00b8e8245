import { goMapJson } from '../../formats/go-json-write.ts'
import { GoTemplateError } from '../../formats/go-template/error.ts'
import { parseGoTemplate } from '../../formats/go-template/parse.ts'
import { EngineError } from '../errors.ts'
import { digestOf } from '../store/digest.ts'
import { type LayerKind, layerType } from '../store/manifest.ts'
import type { ModelStore } from '../store/types.ts'
import { messagesJson } from './stored-messages.ts'
import type { BuiltLayer, CreateRequest } from './types.ts'

/** Throws EngineError `bad_request` with Go's own words for a template that cannot be parsed. */
export function checkTemplate(template: string): void {
  try {
    parseGoTemplate(template)
  } catch (cause) {
    if (!(cause instanceof GoTemplateError)) throw cause
    throw new EngineError('bad_request', `template error: ${cause.message}`, { cause })
  }
}

/**
 * The layers with what the request says laid over them: template, system text, parameters and messages replace
 * those there are, licences are added. `parameters` is the whole of them. `hold` gets each digest before the blob
 * is looked for.
 */
export async function withTexts(
  models: ModelStore,
  layers: readonly BuiltLayer[],
  request: Pick<CreateRequest, 'template' | 'system' | 'licenses' | 'messages' | 'parameters'>,
  hold: (digest: string) => void,
): Promise<BuiltLayer[]> {
  let result = [...layers]
  const put = async (kind: LayerKind, text: string) => {
    const digest = digestOf(text)
    hold(digest)
    const isNew = !(await models.hasBlob(digest))
    // Written even where it is: a young file is not taken for a leftover by a server that starts at this moment.
    const blob = await models.putBlob([Buffer.from(text)])
    result.push({ mediaType: layerType(kind), ...blob, isNew })
  }
  const replace = async (kinds: readonly [LayerKind, ...LayerKind[]], text: string) => {
    const gone = kinds.map(layerType)
    result = result.filter(({ mediaType }) => !gone.includes(mediaType))
    await put(kinds[0], text)
  }
  const { template, system, licenses, parameters, messages } = request
  // Old models call their template a prompt.
  if (template !== '') await replace(['template', 'prompt'], template)
  if (system !== '') await replace(['system'], system)
  for (const license of licenses) if (license !== '') await put('license', license)
  if (Object.keys(parameters).length > 0) await replace(['params'], `${goMapJson(parameters)}\n`)
  if (messages.length > 0) await replace(['messages'], messagesJson(messages))
  return result
}
