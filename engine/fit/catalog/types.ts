import type { FileType } from '../../gguf/file-type.ts'
import type { Architecture } from '../architecture.ts'

/** A well-known model: enough to say what it takes before anything of it is downloaded. */
export interface CatalogModel {
  /** As Ollama's library names it, with its size. */
  name: string
  /** Models of one line differ in size and are replacements for each other. */
  line: string
  architecture: Architecture
  /** Tokens it was trained for. */
  contextLength: number
  /** The type it was trained in, when that is no plain one: anything else only loses. */
  nativeType?: FileType
  /** What the library offers: a tag with the quantization left out, and the quantizations there are. */
  tags: { pattern: string; fileTypes: readonly FileType[] }
}

/** Shapes of a line, from `general.architecture` on, with what differs by size. */
export type Shape = Omit<Architecture, 'family'>
