import { posix } from 'node:path'
import { type Quantization, typeOf } from './quantization.ts'
import type { HubFile } from './types.ts'

/** What projectors are mostly published as, the best known first. */
const PREFERENCE = ['F16', 'FP16', 'BF16', 'F32', 'FP32', 'Q8_0']

/**
 * The file with which a model sees or hears: one called `mmproj`, in the folder of the model or above it, as near as
 * possible (llama.cpp common/download.cpp).
 */
export function projectorFor(files: readonly HubFile[], { parts }: Quantization): HubFile | undefined {
  const folder = `${posix.dirname(parts[0]?.path ?? '')}/`
  const candidates = files
    .map((file) => ({ file, ...posix.parse(file.path) }))
    .filter(({ base, dir }) => /mmproj.*\.gguf$/i.test(base) && (dir === '' || folder.startsWith(`${dir}/`)))
  const [best] = candidates.sort((a, b) => b.dir.length - a.dir.length || rankOf(a.name) - rankOf(b.name))
  return best?.file
}

function rankOf(stem: string): number {
  const rank = PREFERENCE.indexOf(typeOf(stem))
  return rank < 0 ? PREFERENCE.length : rank
}
