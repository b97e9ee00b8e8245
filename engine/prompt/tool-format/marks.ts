import { countedText } from './align.ts'
import type { FindArguments } from './locate.ts'
import { ID } from './probe.ts'
import type { ArgumentSyntax, Marks, Slot } from './types.ts'

/** How the arguments of a template's calls are written, and how to find them in what it prints. */
export interface FoundArguments {
  syntax: ArgumentSyntax
  find: FindArguments
}

/** A printed text as marks. `other`: the same of a second call, to see where calls are counted. */
export function marksOf(text: string, other: string | undefined, idLength: number | undefined): Marks {
  const counted = (other === undefined ? undefined : countedText(text, other)) ?? [text]
  const parts = counted.flatMap((part): (string | Slot)[] => {
    if (part === undefined) return [{ slot: 'index' }]
    return part
      .split(ID)
      .flatMap((piece, at): (string | Slot)[] =>
        at === 0 ? [piece] : [{ slot: 'id', length: idLength }, piece],
      )
  })
  return parts.filter((part) => part !== '')
}
