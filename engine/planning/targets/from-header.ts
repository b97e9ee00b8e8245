import { EngineError } from '../../errors.ts'
import { headerFacts } from '../../fit/model-facts.ts'
import type { ModelFacts, OfferSource } from '../../fit/types.ts'
import type { GgufHeader } from '../../gguf/types.ts'
import { SMALL_MACHINE_CONTEXT } from '../../settings.ts'
import { fileTypeOf, isNativeType } from './file-type.ts'

/** A model by its header alone. Throws EngineError `unsupported` where that says too little, and GgufError. */
export function factsFromHeader(
  header: Pick<GgufHeader, 'metadata' | 'tensors'>,
  { name, source }: { name: string; source: OfferSource },
): ModelFacts {
  const fileType = fileTypeOf(header)
  if (fileType === undefined) {
    throw uncomputed(name, 'its weights are of a type that nothing is known about')
  }
  const isNative = isNativeType(architectureOf(header), fileType)
  const facts = headerFacts(header, { name, fileType, source, isNative })
  if (facts === undefined) throw uncomputed(name, 'its header says too little')
  // A model that does not say what it was trained for gets what everybody gets.
  return { ...facts, contextLength: facts.contextLength || SMALL_MACHINE_CONTEXT }
}

export const architectureOf = ({ metadata }: Pick<GgufHeader, 'metadata'>): string =>
  String(metadata.get('general.architecture'))

export const uncomputed = (name: string, why: string) =>
  new EngineError('unsupported', `whether "${name}" fits cannot be computed: ${why}`)
