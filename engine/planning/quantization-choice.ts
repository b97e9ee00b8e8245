import type { ChooseType } from '../create/types.ts'
import { EngineError } from '../errors.ts'
import { decide } from '../fit/decide.ts'
import { quantizableFacts } from '../fit/model-facts.ts'
import { divergenceOf } from '../fit/quality.ts'
import { QUANTIZATION_TYPES } from '../quantization.ts'
import type { LoadedModel } from '../types.ts'
import { mostContextOn } from './load-wishes.ts'
import { machineAlone } from './memory-left.ts'
import type { ReadMachine } from './types.ts'

export interface QuantizationChoiceParts {
  readMachine: ReadMachine
  /** Models in memory: they can go when the new one is wanted. */
  loaded: () => readonly LoadedModel[]
}

/** Types that can be made without an importance matrix, and whose loss somebody has measured. */
const TYPES = QUANTIZATION_TYPES.filter((fileType) =>
  Number.isFinite(divergenceOf({ fileType, isNative: false })),
)

/** Chooses what weights are to be quantized to, so that the model runs well on this machine by itself. */
export function createQuantizationChoice({ readMachine, loaded }: QuantizationChoiceParts): ChooseType {
  return async (header) => {
    const { machine } = await readMachine()
    const alone = machineAlone(machine, loaded())
    const model = quantizableFacts(header, 'model', TYPES)
    if (model === undefined) {
      throw new EngineError(
        'quantize_failed',
        'the weights say too little to choose a quantization type: name one',
      )
    }
    const { chosen, verdict, reasons } = decide(
      { model: { ...model, contextLength: model.contextLength || mostContextOn(alone) }, machine: alone },
      { mostContext: mostContextOn(alone) },
    )
    const type = TYPES.find((fileType) => fileType === chosen?.candidate.offer.fileType)
    if (verdict === 'fits' && type !== undefined) return type
    const why = reasons[0]?.sentence ?? ''
    throw new EngineError(
      'quantize_failed',
      `no quantization type suits this machine: ${why} Name one to make it all the same.`,
    )
  }
}
