import { splitName } from '../../gguf/split-name.ts'
import type { Registries } from '../../registry/types.ts'
import { factsFromHeader } from './from-header.ts'
import { readModelHeader, withinDeadline } from './remote-header.ts'
import type { Target } from './types.ts'

/**
 * The model in the GGUF file at an address; of a split one any of its parts may be named. Throws RegistryError and
 * GgufError.
 */
export async function urlTarget(
  registries: Registries,
  text: string,
  { isLocal, signal }: { isLocal: boolean; signal: AbortSignal },
): Promise<Target> {
  const url = new URL(text)
  url.hash = ''
  return await withinDeadline(url.host, signal, async (inner) => {
    const parts = addressesOf(url).map(
      (one) => (last: AbortSignal) => registries.file(one, { mayBePrivate: isLocal }, last),
    )
    const header = await readModelHeader(parts, inner)
    // A query may hold a signature that is as good as a password.
    const name = `${url.origin}${url.pathname}`
    const model = factsFromHeader(header, { name, source: 'hugging-face' })
    return { model, siblings: [], offer: undefined, notes: [] }
  })
}

/** More parts would cost more than is read of a model. */
const MOST_PARTS = 256

function addressesOf(url: URL): URL[] {
  const folder = url.pathname.lastIndexOf('/') + 1
  const split = splitName(url.pathname.slice(folder))
  if (split === undefined || split.count > MOST_PARTS) return [url]
  const five = (number: number) => String(number).padStart(5, '0')
  return Array.from({ length: split.count }, (_, index) => {
    const part = new URL(url)
    part.pathname = `${url.pathname.slice(0, folder)}${split.prefix}-${five(index + 1)}-of-${five(split.count)}.gguf`
    return part
  })
}
