import type { ModelName } from '../store/types.ts'

/** What a pull, a push or a create reports while it runs, in the order clients see it. */
export type TransferEvent =
  /** A step begins; the text is the one clients know, such as `pulling manifest`. The last one is `success`. */
  | { type: 'status'; text: string }
  /** Bytes of one blob. `text` names the step, such as `pulling 8daa9615cce3`. */
  | { type: 'progress'; text: string; digest: string; total: number; completed: number }

/** One blob as a registry has it. */
export interface RemoteBlob {
  /** `sha256:<64 hex>`: what the content must hash to. */
  digest: string
  /** Bytes. */
  size: number
  /**
   * The bytes from `start` up to and including `end`, as they arrive. It ends early when the connection does; it
   * never gives more bytes than asked for. Throws RegistryError.
   */
  read(range: { start: number; end: number }, signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** The manifest of a model on a registry. */
export interface RemoteManifest {
  /** Exactly as received: their hash is the model's digest. */
  bytes: Buffer
}

/** Where models come from and go to. One object serves one host with one way of speaking to it. */
export interface Registry {
  /** Throws RegistryError `not_found` when the registry does not know the model. */
  manifest(name: ModelName, signal: AbortSignal): Promise<RemoteManifest>
  /** Finds out where a blob lies. Throws RegistryError. */
  blob(name: ModelName, layer: { digest: string; size: number }, signal: AbortSignal): Promise<RemoteBlob>
}
