import type { ModelFacts } from '../../fit/types.ts'

/** What somebody means who asks whether it fits. */
export interface Target {
  model: ModelFacts
  /** Smaller models of the same line, the largest first. */
  siblings: readonly ModelFacts[]
  /** The offer that the name already says; undefined where one is to be chosen. */
  offer: string | undefined
  /** The files of offers that are installed, that of the model itself first. */
  weightsPaths?: readonly string[]
  /** What is known with reservations, in sentences. */
  notes: readonly string[]
}

/** Models to choose from, in the order they are tried. */
export interface Sizes {
  sizes: readonly ((signal: AbortSignal) => Promise<ModelFacts>)[]
  /** Which is taken: the first that fits, or the first that runs well. */
  wanted: 'fits' | 'runs-well'
}

/** A model with the quantization that its name says. */
export interface NamedModel extends Pick<Target, 'model' | 'offer'> {
  /** Smaller models of the same line, the largest first. */
  siblings(signal: AbortSignal): Promise<ModelFacts[]>
}

export interface TargetQuestion {
  /** A name, or an address. */
  text: string
  /** A quantization that is asked for beside it. */
  fileType?: string
  /** Ask the registry what its files weigh, where only recipes say it. */
  isExact?: boolean
}

/** Finds what people mean. */
export interface Targets {
  /**
   * Throws EngineError: `model_not_found` when nobody knows the name, `bad_request` when it cannot be meant,
   * `registry_failed` and GgufError for what is far away.
   */
  find(question: TargetQuestion, signal: AbortSignal): Promise<Target>
}
