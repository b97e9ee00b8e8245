import { EngineError } from '../errors.ts'
import type { NewConfig } from '../store/config-blob.ts'
import type { CreateRequest } from './types.ts'

const refuse = (field: string, what: string) =>
  new EngineError('bad_request', `info field "${field}" must be ${what}`)

/** The config with what the request says of it. Throws EngineError `bad_request` for values of the wrong type. */
export function withInfo(config: NewConfig, info: CreateRequest['info']): NewConfig {
  const text = (field: string) => {
    const value = info[field]
    if (value === undefined) return undefined
    if (typeof value !== 'string') throw refuse(field, 'a string')
    return value
  }
  const count = (field: string) => {
    const value = info[field]
    if (value === undefined) return undefined
    if (typeof value !== 'number') throw refuse(field, 'a number')
    if (!Number.isSafeInteger(value) || value < 0) throw refuse(field, 'a non-negative integer')
    return value
  }
  const family = text('model_family')
  return {
    ...config,
    capabilities: capabilities(info.capabilities) ?? config.capabilities,
    modelFamily: family ?? config.modelFamily,
    modelFamilies: family ? [family] : config.modelFamilies,
    baseName: text('base_name') ?? config.baseName,
    quantizationLevel: text('quantization_level') ?? config.quantizationLevel,
    parameterSize: text('parameter_size') ?? config.parameterSize,
    contextLength: count('context_length') ?? config.contextLength,
    embeddingLength: count('embedding_length') ?? config.embeddingLength,
  }
}

function capabilities(value: unknown): string[] | undefined {
  if (value === undefined) return undefined
  if (!Array.isArray(value)) throw refuse('capabilities', 'an array of strings')
  return value.map((item, index) => {
    if (typeof item === 'string') return item
    throw new EngineError('bad_request', `info field "capabilities" element ${index} must be a string`)
  })
}
