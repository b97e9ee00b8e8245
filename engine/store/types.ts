import type { GgufFacts } from '../gguf/types.ts'
import type { Log } from '../log.ts'
import type { Message } from '../types.ts'
import type { TakenBlob } from './files.ts'
import type { BlobRef, Layer } from './manifest.ts'
import type { StoredManifest } from './manifests.ts'

export type Capability =
  | 'completion'
  | 'tools'
  | 'insert'
  | 'vision'
  | 'embedding'
  | 'thinking'
  | 'image'
  | 'audio'

/** Which of a model's templates writes its prompts; `none` passes the prompt on as it is. */
export type TemplatePath = 'jinja' | 'go' | 'none'

export interface ModelName {
  host: string
  namespace: string
  model: string
  tag: string
}

/** The config blob of a manifest, as Ollama writes it. */
export interface ModelConfig {
  modelFormat: string
  modelFamily: string
  modelFamilies: string[] | null
  /** Display text, such as `8.0B`. */
  parameterSize: string
  /** Display text, such as `Q4_K_M`. */
  quantizationLevel: string
  renderer: string
  parser: string
  requires: string
  remoteHost: string
  remoteModel: string
  capabilities: string[]
  contextLength: number
  embeddingLength: number
}

/** Everything known about a model on disk without loading it. */
export interface InstalledModel {
  name: ModelName
  /** `llama3.2:latest`: defaults left out, tag always there. */
  shortName: string
  /** `registry.ollama.ai/library/llama3.2:latest`. */
  fullName: string
  /** Hex SHA-256 of the manifest file. */
  digest: string
  /** All layers and the config. */
  sizeBytes: number
  /** As the manifest lists them. */
  layers: readonly Layer[]
  modifiedAt: Date
  config: ModelConfig
  /** The GGUF file; absent for a stub of a remote model. */
  weightsPath: string | undefined
  projectorPaths: string[]
  adapterPaths: string[]
  /** Smaller models that guess ahead. */
  draftPaths: string[]
  /** Read from the GGUF header; absent without weights. */
  facts: GgufFacts | undefined
  /** The TEMPLATE layer, in Go syntax. */
  goTemplate: string | undefined
  /** The template in use: the one in the weights, or `goTemplate`. */
  templatePath: TemplatePath
  system: string | undefined
  /** The params layer: Ollama's option names. */
  parameters: Record<string, unknown>
  messages: Message[]
  licenses: string[]
  /** Where the weights came from: a file name or another model. */
  parentModel: string
  capabilities: Capability[]
}

/** A GGUF key with its value, and the tensors, for `show`. */
export interface ModelDetails {
  metadata: [key: string, value: unknown][]
  tensors: { name: string; type: string; shape: number[] }[]
  projectorMetadata: [key: string, value: unknown][] | undefined
}

/** Where the store says what it noticed; a pino logger fits. */
export type StoreLog = Log

/** Models on disk. The folder may be shared with other servers, so nothing is assumed to stand still. */
export interface ModelStore {
  /** Newest first. Manifests that cannot be read are skipped and logged. */
  list(): Promise<InstalledModel[]>
  /**
   * Finds a model by the name a client sent, whatever its case.
   * Throws EngineError `invalid_model_name` ("invalid model name") or `model_not_found` ("model 'x' not found").
   */
  find(name: string): Promise<InstalledModel>
  /** The GGUF header in full. Arrays are null unless `verbose`. */
  details(model: InstalledModel, verbose: boolean): Promise<ModelDetails>
  /** Removes the manifest, then every blob that no other manifest uses. Throws like `find`. */
  delete(name: string): Promise<void>
  /**
   * Makes `destination` another name of what `source` is now. Throws like `find` for the source, and
   * `invalid_model_name` for a destination that is no name.
   */
  copy(source: string, destination: string): Promise<void>
  /** The manifest of a model with exactly this spelling; undefined when there is none. Throws when it is unreadable. */
  manifest(name: ModelName): Promise<StoredManifest | undefined>
  /** The stored spelling of a name whatever its case; the name itself where nothing of it is stored. */
  spelling(name: ModelName): Promise<ModelName>
  /** The blob is stored in full. */
  hasBlob(digest: string): Promise<boolean>
  /** Where a blob lies or would lie. Throws EngineError `bad_request` for anything but a digest. */
  blobPath(digest: string): string
  /** Another text for every content that somebody may have given a stored blob; undefined when it is not stored. */
  blobVersion(digest: string): Promise<string | undefined>
  /** Hashes a stored blob again, and removes it when it is not what its name says; false then, or without one. */
  recheck(digest: string, signal: AbortSignal): Promise<boolean>
  /**
   * Stores content under the hash it turns out to have, in one step and on disk. Throws EngineError `create_failed`
   * when there is no room.
   */
  putBlob(content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<BlobRef>
  /** A free path for a file that is to become a blob by `putFile`. What is left there is swept away later. */
  temporaryPath(): string
  /** Makes a complete file at a `temporaryPath` a blob: hashes it, and gives it its name. */
  putFile(path: string, signal: AbortSignal): Promise<BlobRef>
  /**
   * Makes a file from elsewhere a blob, as cheaply as the file system allows; the file stays where it is.
   * `onBytes` gets how many bytes have been hashed. Throws EngineError `bad_request` for what is no file, or
   * changes meanwhile.
   */
  takeFile(path: string, signal: AbortSignal, onBytes: (bytes: number) => void): Promise<TakenBlob>
  /**
   * Keeps blobs from being removed as unused by this process, stored already or not, until the function that
   * comes back is called. Whoever is about to install a manifest holds its blobs first.
   */
  hold(digests: readonly string[]): () => void
  /** Removes those of these blobs that no model uses and nobody holds (not with `noPrune`). */
  removeUnused(digests: readonly string[]): Promise<void>
  /**
   * Puts a manifest in place under the stored spelling of the name, byte for byte, then removes blobs that only
   * the manifest it replaces used (not with `noPrune`). Throws EngineError `bad_request` when the bytes are no
   * manifest or a blob of it is not stored in full. True when it replaces a manifest with
   * blobs that it does not use itself, and these were removed unless others do.
   */
  install(name: ModelName, manifest: Buffer): Promise<boolean>
}
