import type { Config } from '../../config/load.ts'
import { modelfileText, parametersText } from '../../engine/store/modelfile.ts'
import type { InstalledModel } from '../../engine/store/types.ts'
import { openModels } from './store.ts'
import { sizeText, table } from './table.ts'

/** `snug list`: what is installed, newest first. */
export async function listCommand(config: Config): Promise<string> {
  const models = await (await openModels(config)).list()
  const rows = models.map(({ shortName, digest, sizeBytes, modifiedAt }) => [
    shortName,
    digest.slice(0, 12),
    sizeText(sizeBytes),
    modifiedAt.toISOString().slice(0, 16).replace('T', ' '),
  ])
  return table([['NAME', 'ID', 'SIZE', 'MODIFIED (UTC)'], ...rows])
}

/** `snug show`: what a model is, or the Modelfile that makes it again. Throws EngineError. */
export async function showCommand(config: Config, name: string, asModelfile: boolean): Promise<string> {
  const model = await (await openModels(config)).find(name)
  return asModelfile ? modelfileText(model) : description(model)
}

function description({ shortName, config, capabilities, ...model }: InstalledModel): string {
  const facts: [string, string][] = [
    ['name', shortName],
    ['made from', model.parentModel],
    ['architecture', config.modelFamily],
    ['parameters', config.parameterSize],
    ['quantization', config.quantizationLevel],
    ['context length', String(config.contextLength || '')],
    ['embedding length', String(config.embeddingLength || '')],
    ['requires', config.requires],
    ['remote host', config.remoteHost],
    ['remote model', config.remoteModel],
    ['size', sizeText(model.sizeBytes)],
    ['capabilities', capabilities.join(', ')],
  ]
  const parts: [string, string][] = [
    ['Parameters', parametersText(model.parameters)],
    ['System', model.system ?? ''],
    ['Licence', model.licenses.join('\n')],
  ]
  const texts = parts
    .filter(([, text]) => text !== '')
    .map(([title, text]) => `\n${title}\n${indented(text)}\n`)
  return table(facts.filter(([, value]) => value !== '')) + texts.join('')
}

const indented = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n')

/** `snug rm`: removes models from disk, and what only they used. Throws EngineError for the first that is not there. */
export async function removeCommand(config: Config, names: readonly string[]): Promise<string> {
  const models = await openModels(config)
  let said = ''
  for (const name of names) {
    await models.delete(name)
    said += `removed ${name}\n`
  }
  return said
}

/** `snug cp`: another name for a model. Throws EngineError. */
export async function copyCommand(config: Config, source: string, destination: string): Promise<string> {
  await (await openModels(config)).copy(source, destination)
  return `copied ${source} to ${destination}\n`
}
