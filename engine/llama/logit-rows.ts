import koffi from 'koffi'
import type { Pointer } from './layout.ts'
import type { Library } from './library.ts'

/**
 * Logits of a row of the last decode, as llama.cpp holds them: no copy. Valid until the next decode. Making a
 * view takes five times as long as asking for the address, so views are kept by address: llama.cpp uses the same
 * few again and again. At most `kept` of them.
 */
export function openLogitRows(
  library: Library,
  context: Pointer,
  vocabularySize: number,
  kept: number,
): (row: number) => Float32Array {
  const views = new Map<Pointer, Float32Array>()
  return (row) => {
    const address = library.logits(context, row)
    const known = views.get(address)
    if (known !== undefined) return known
    // The output buffer has moved: none of the old addresses will be asked for again.
    if (views.size >= kept) views.clear()
    const view = new Float32Array(koffi.view(address, vocabularySize * 4))
    views.set(address, view)
    return view
  }
}
