import type { Readable } from 'node:stream'
import type { ModelName } from '../store/types.ts'
import type { Hub } from './hugging-face/types.ts'

/** What a pull, a push or a create reports while it runs, in the order clients see it. */
export type TransferEvent =
  /** A step begins; the text is the one clients know, such as `pulling manifest`. The last one is `success`. */
  | { type: 'status'; text: string }
  /** Bytes of one blob. `text` names the step, such as `pulling 8daa9615cce3`. */
  | { type: 'progress'; text: string; digest: string; total: number; completed: number }

/** What a pull is asked for. */
export interface PullRequest {
  /** The host in it is the registry that is asked. */
  name: ModelName
  /** Somebody wrote the tag; otherwise it is `latest`, and what suits this machine may be pulled in its place. */
  hasTag: boolean
  /** Speak http instead of https. */
  insecure: boolean
}

/**
 * Says which model a request is to get on this machine, and in statuses why; the name that is asked for where nothing
 * is to be chosen. Throws nothing but the reason of `signal`: where nothing can be said the pull goes on as asked.
 */
export type ChoosePull = (
  request: PullRequest,
  signal: AbortSignal,
) => AsyncGenerator<TransferEvent, ModelName>

/** One blob as a registry has it. */
export interface RemoteBlob {
  /** `sha256:<64 hex>`: what the content must hash to. Not checked here. */
  digest: string
  /** Bytes: the manifest's word, and the registry does not contradict it. */
  size: number
  /**
   * The bytes from `start` up to and including `end`, as they arrive; never more than asked for. What came before a
   * connection broke is given before the RegistryError `unreachable` or `timeout` that tells of it. Throws
   * RegistryError, or the signal's reason. Leaving the loop early closes the connection.
   */
  read(range: { start: number; end: number }, signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** The manifest of a model on a registry. */
export interface RemoteManifest {
  /** Exactly as received: their hash is the model's digest. `parseManifest` of engine/store accepts them. */
  bytes: Buffer
}

/** Where models come from. One object is one client's dealings with one host, and holds its token. */
export interface Registry {
  /** What Hugging Face gives besides; absent elsewhere. */
  readonly hub?: Hub
  /**
   * Throws RegistryError, `not_found` when the registry does not know the model; the message is what clients are to
   * see, with its `pull model manifest: ` in front where Ollama has it.
   */
  manifest(name: ModelName, signal: AbortSignal): Promise<RemoteManifest>
  /** Finds out where a blob lies. Throws RegistryError. */
  blob(name: ModelName, layer: { digest: string; size: number }, signal: AbortSignal): Promise<RemoteBlob>
}

/** One blob as this server has it. */
export interface LocalBlob {
  digest: string
  /** Bytes. */
  size: number
  /** A model of the registry that has the blob, perhaps. */
  source: ModelName | undefined
  /** The bytes from `start` up to and including `end`. */
  read(range: { start: number; end: number }): Readable
}

/** Where models go to. */
export interface UploadTarget {
  hasBlob(name: ModelName, digest: string, signal: AbortSignal): Promise<boolean>
  /** `report` gets how many bytes are sent. Throws RegistryError. */
  putBlob(
    name: ModelName,
    blob: LocalBlob,
    report: (completed: number) => void,
    signal: AbortSignal,
  ): Promise<void>
  /** Throws RegistryError. */
  putManifest(name: ModelName, bytes: Buffer, signal: AbortSignal): Promise<void>
}

/** A file behind an address of the web. */
export interface RemoteFile {
  /** Bytes, as its server says. */
  size: number
  /** Like `RemoteBlob.read`. */
  read(range: { start: number; end: number }, signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** The way to registries. */
export interface Registries {
  /**
   * Begins dealings with a host, the first part of a model's name; nothing is sent yet. `insecure` speaks plain http.
   * Throws RegistryError `refused` when the host is no address. There is nothing to close.
   */
  open(host: string, options: { insecure: boolean }): Registry & UploadTarget
  /**
   * A file that anybody may read at an address with http or https, whose server must give parts of it. One in the
   * local network is refused unless `mayBePrivate`. Throws RegistryError, or the signal's reason.
   */
  file(url: URL, options: { mayBePrivate: boolean }, signal: AbortSignal): Promise<RemoteFile>
  /** Breaks off whatever is still running. */
  close(): Promise<void>
}
