import { posix } from 'node:path'
import { LIMITS } from '../../gguf/limits.ts'
import { splitName } from '../../gguf/split-name.ts'
import type { HubFile } from './types.ts'

/** One form of a model in a repository. */
export interface Quantization {
  /** In capitals, such as `Q4_K_M` or `UD-Q4_K_XL`; of files that do not say it, what they are called. */
  name: string
  /** All its files, in their order. */
  parts: HubFile[]
  /** Of all files. */
  bytes: number
}

/** GGUF files beside a model that are none themselves (llama.cpp common/download.cpp). */
const NO_MODEL = /mmproj|imatrix|mtp-|eagle3-|dflash-|dspark-/i

// Names of types in llama.cpp, with whatever suffix, and the mark of Unsloth's dynamic ones.
const TYPE = /(?:^|[-._ ])((?:UD-)?(?:(?:I?Q|TQ|MXFP|NVFP)\d(?:_[A-Z0-9]+)*|BF16|FP?16|FP?32))(?=$|[-. ])/gi

/** The best first where nothing else is known: four bits, then more, then less, then weights as they were trained. */
const PREFERENCE = [
  ...[
    'Q4_K_M',
    'Q4_K_L',
    'Q4_K_XL',
    'Q4_K_S',
    'Q4_K',
    'IQ4_NL',
    'IQ4_XS',
    'Q4_1',
    'Q4_0',
    'MXFP4',
    'MXFP4_MOE',
  ],
  ...['Q5_K_M', 'Q5_K_S', 'Q5_K_L', 'Q5_K_XL', 'Q5_K', 'Q5_1', 'Q5_0'],
  ...['Q6_K', 'Q6_K_L', 'Q6_K_XL', 'Q8_0', 'Q8_K_XL'],
  ...['Q3_K_L', 'Q3_K_XL', 'Q3_K_M', 'Q3_K', 'IQ3_M', 'IQ3_S', 'Q3_K_S', 'IQ3_XS', 'IQ3_XXS'],
  ...['Q2_K_L', 'Q2_K_XL', 'Q2_K', 'Q2_K_S', 'IQ2_M', 'IQ2_S', 'IQ2_XS', 'IQ2_XXS', 'TQ2_0', 'TQ1_0'],
  ...['IQ1_M', 'IQ1_S', 'BF16', 'F16', 'FP16', 'F32', 'FP32'],
]

/** The complete models of a repository; those nearest to its top come first. */
export function quantizationsOf(files: readonly HubFile[]): Quantization[] {
  const groups = new Map<string, { name: string; count: number; parts: Map<number, HubFile> }>()
  for (const file of files) {
    const { dir, base } = posix.parse(file.path)
    if (!/\.gguf$/i.test(base) || NO_MODEL.test(base)) continue
    const split = splitName(base)
    if (split && split.count > LIMITS.splitFiles) continue
    const stem = split?.prefix ?? base.slice(0, -'.gguf'.length)
    const count = split?.count ?? 1
    const key = split ? `${dir}/${stem}/${count}` : file.path
    const group = groups.get(key) ?? { name: typeOf(stem, dir), count, parts: new Map<number, HubFile>() }
    group.parts.set(split?.index ?? 0, file)
    groups.set(key, group)
  }
  return Array.from(groups.values())
    .filter(({ count, parts }) => parts.size === count)
    .map(({ name, parts }) => {
      const ordered = Array.from(parts).sort(([a], [b]) => a - b)
      const inOrder = ordered.map(([, file]) => file)
      return { name, parts: inOrder, bytes: inOrder.reduce((sum, { size }) => sum + size, 0) }
    })
    .sort((a, b) => depthOf(a) - depthOf(b) || (firstPath(a) < firstPath(b) ? -1 : 1))
}

/** What to pull when nobody says. Undefined when nothing is known of any, and there are several. */
export function chooseQuantization(all: readonly Quantization[]): Quantization | undefined {
  for (const type of PREFERENCE) {
    const found = all.find(({ name }) => name === type) ?? all.find(({ name }) => name === `UD-${type}`)
    if (found !== undefined) return found
  }
  return all.length === 1 ? all[0] : undefined
}

/** The one a tag means: by its name or that of its (first) file, whatever the case. */
export function quantizationNamed(all: readonly Quantization[], tag: string): Quantization | undefined {
  const wanted = tag.toLowerCase()
  return (
    all.find(({ name }) => name.toLowerCase() === wanted) ??
    all.find((one) => {
      const file = posix.basename(firstPath(one)).toLowerCase()
      return file === wanted || file === `${wanted}.gguf`
    })
  )
}

/** The names for a message, each once. */
export const namesOf = (all: readonly Quantization[]): string =>
  Array.from(new Set(all.map(({ name }) => name)))
    .slice(0, MOST_NAMES)
    .join(', ')

const MOST_NAMES = 64

/** No type is farther from the end of a name, and names as long as a path may be would take long to search. */
const MOST_SEARCHED = 255

/** The last type in the name of the file, or in that of its folder; otherwise what could be a tag. */
export function typeOf(stem: string, dir = ''): string {
  const [type] = [stem, posix.basename(dir)].flatMap(lastType)
  const plain = stem.replace(/[^\w.-]+/g, '_').replace(/^\W+/, '')
  return type?.toUpperCase() ?? (plain.slice(0, 80) || 'model')
}

const lastType = (text: string): string[] =>
  Array.from(text.slice(-MOST_SEARCHED).matchAll(TYPE), ([, type = '']) => type).slice(-1)

const firstPath = ({ parts }: Quantization): string => parts[0]?.path ?? ''
const depthOf = (one: Quantization): number => firstPath(one).split('/').length
