/** What llama.cpp would make of a file, from its own mouth and without the work. */
import { openLibrary } from '../../engine/llama/library.ts'
import { findLibraryDir } from '../../engine/llama/library-dir.ts'

export interface DryQuantizer {
  /** Name and type of every tensor in the new file, or the reason why there would be none. */
  quantize(from: string, fileType: number): string[] | { refused: string }
}

/** Opens libllama, which a process can do once. */
export function dryQuantizer(): DryQuantizer {
  const library = openLibrary(findLibraryDir(undefined))
  let said = ''
  library.setLog(
    library.register.log((_, text) => {
      said += text
    }),
    null,
  )
  library.initBackend()
  return {
    quantize(from, fileType) {
      said = ''
      const params = { ...library.defaultQuantizeParams(), ftype: fileType, nthread: 1 }
      const status = library.quantize(from, '', Object.assign(params, { dry_run: true }))
      if (status !== 0) return { refused: /failed to quantize: (.*)/.exec(said)?.[1] ?? said }
      if (said.includes('will require an imatrix'))
        return { refused: 'this quantization requires an imatrix!' }
      return Array.from(said.matchAll(TENSOR), ([, name, before, after]) => {
        return `${name} ${(after ?? before ?? '').toUpperCase()}`
      })
    },
  }
}

/** `[   1/  56] output_norm.weight - [   256, …], type =    f32, size = 0.12 MiB -> 0.04 MiB (q4_K)`. */
const TENSOR =
  /\[ *\d+\/ *\d+\] (\S+) +- \[[^\]]*\], type = +(\w+), size = +[\d.]+ MiB(?: -> +[\d.]+ MiB \((\w+)\))?/g
