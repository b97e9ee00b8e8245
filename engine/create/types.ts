import type { Backend } from '../backend.ts'
import type { GgufHeader } from '../gguf/types.ts'
import type { QuantizationType } from '../quantization.ts'
import type { PullRequest, TransferEvent } from '../registry/types.ts'
import type { NewLayer } from '../store/manifest.ts'
import type { ModelStore } from '../store/types.ts'
import type { Message } from '../types.ts'

/** A model to be made. Empty texts are as good as absent; `files` and its like map names of files to digests. */
export interface CreateRequest {
  /** The name it gets. */
  name: string
  /** An installed model to build on, or one to pull. Goes before `files`. */
  from: string
  files?: Readonly<Record<string, string>>
  adapters?: Readonly<Record<string, string>>
  draftFiles?: Readonly<Record<string, string>>
  draftQuantize: string
  template: string
  system: string
  licenses: readonly string[]
  /** Ollama's option names; laid over those of `from`. */
  parameters: Readonly<Record<string, unknown>>
  messages: readonly Message[]
  quantize: string
  renderer: string
  parser: string
  requires: string
  /** What the config is to say instead of what the weights say. */
  info: Readonly<Record<string, unknown>>
  /** Where the model really runs: this makes a stub. */
  remoteHost: string
}

/** A request for nothing. */
export const EMPTY_REQUEST: CreateRequest = {
  name: '',
  from: '',
  draftQuantize: '',
  template: '',
  system: '',
  licenses: [],
  parameters: {},
  messages: [],
  quantize: '',
  renderer: '',
  parser: '',
  requires: '',
  info: {},
  remoteHost: '',
}

/** Throws EngineError `quantize_failed` when none of the types that can be made here is of use on this machine. */
export type ChooseType = (header: GgufHeader) => Promise<QuantizationType>

/** A model to pull. */
export type WantedModel = Pick<PullRequest, 'name' | 'hasTag'>

export interface CreateParts {
  models: ModelStore
  /** Absent where nothing can be quantized. */
  quantize?: Backend['quantize'] | undefined
  /** Chooses a type for weights with this header, which suits the machine; absent where nobody can. */
  chooseType?: ChooseType | undefined
  /** Gets a model from its registry; absent where `from` must be installed. */
  pull?: ((wanted: WantedModel, signal: AbortSignal) => AsyncIterable<TransferEvent>) | undefined
}

/**
 * Makes a model; the last event is `success`, and the model is not there before. Throws EngineError in the words
 * of Ollama (server/create.go): `bad_request` and `invalid_model_name` for what the client can mend, `create_failed`
 * and `quantize_failed` for the rest. After an abort of the signal nothing of the model stays but blobs without a
 * name, which are swept away later.
 */
export type CreateModel = (request: CreateRequest, signal: AbortSignal) => AsyncIterable<TransferEvent>

/** A layer on its way into the manifest. */
export interface BuiltLayer extends NewLayer {
  /** It was not in the store before. */
  isNew: boolean
  /** Of a GGUF file. */
  header?: GgufHeader
}
