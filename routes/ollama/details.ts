import type { InstalledModel } from '../../engine/store/types.ts'
import { omitEmpty } from './omit-empty.ts'

/** The `details` object of tags, ps and show. */
export function toDetails(model: InstalledModel) {
  const { config } = model
  return {
    parent_model: model.parentModel,
    format: config.modelFormat,
    family: config.modelFamily,
    families: config.modelFamilies,
    parameter_size: config.parameterSize,
    quantization_level: config.quantizationLevel,
    ...omitEmpty({
      context_length: config.contextLength,
      embedding_length: config.embeddingLength,
    }),
  }
}

/** Where a stub's model really runs; nothing for models with weights. */
export const toRemote = ({ config }: InstalledModel) =>
  omitEmpty({ remote_model: config.remoteModel, remote_host: config.remoteHost })
