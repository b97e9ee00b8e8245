/** What the name of one file of a split model says (llama.cpp llama_split_path: five digits, counted from 1). */
export interface SplitName {
  prefix: string
  /** From 0. */
  index: number
  count: number
}

const SPLIT_NAME = /^(?<prefix>.+)-(?<number>\d{5})-of-(?<count>\d{5})\.gguf$/s

/** Undefined for a file name that is not `<prefix>-00001-of-0000N.gguf`. */
export function splitName(fileName: string): SplitName | undefined {
  const parts = SPLIT_NAME.exec(fileName)?.groups
  if (parts === undefined) return undefined
  const index = Number(parts.number) - 1
  const count = Number(parts.count)
  return index < 0 || index >= count ? undefined : { prefix: parts.prefix ?? '', index, count }
}
