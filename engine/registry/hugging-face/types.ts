import type { ModelName } from '../../store/types.ts'
import type { RemoteBlob } from '../types.ts'

/** A file of a repository, with a name that is safe to put into an address. */
export interface HubFile {
  /** From the top of the repository, such as `Q8_0/model-Q8_0-00001-of-00002.gguf`. */
  path: string
  /** Bytes. */
  size: number
  /** SHA-256, `sha256:<64 hex>`; absent for small files that lie in Git itself. */
  digest: string | undefined
  /** What Git calls it: the SHA-1 of a small file's content, with a header before it. */
  gitHash: string | undefined
}

/** A file that can be downloaded like a blob. */
export type HashedFile = HubFile & { digest: string }

/** What Hugging Face gives besides the protocol of registries. `name` says which repository. */
export interface Hub {
  /** Requests carry the user's token. */
  readonly hasToken: boolean
  /** The GGUF files, and those with a template, a system text and parameters. Throws RegistryError. */
  files(name: ModelName, signal: AbortSignal): Promise<HubFile[]>
  /** Finds out where a file lies. Throws RegistryError. */
  blob(name: ModelName, file: HashedFile, signal: AbortSignal): Promise<RemoteBlob>
  /** A small file, checked against its hash. Throws RegistryError. */
  text(name: ModelName, file: HubFile, signal: AbortSignal): Promise<string>
}
