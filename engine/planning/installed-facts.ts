import { stat } from 'node:fs/promises'
import { headerFacts } from '../fit/model-facts.ts'
import type { ModelFacts } from '../fit/types.ts'
import { GgufError } from '../gguf/error.ts'
import { FILE_TYPES, type FileType, fileTypeText, isFileType } from '../gguf/file-type.ts'
import { readGgufFile } from '../gguf/read.ts'
import type { GgufHeader } from '../gguf/types.ts'
import { SMALL_MACHINE_CONTEXT } from '../settings.ts'
import { Recent } from '../store/recent.ts'
import type { InstalledModel } from '../store/types.ts'

/** Headers are megabytes to read and facts are a few kilobytes to keep. */
const REMEMBERED = 64

/** What planning knows of an installed model, with its weights as the only offer; undefined where that is too little. */
export type InstalledFacts = (model: InstalledModel) => Promise<ModelFacts | undefined>

/** Reads headers once: a file is the same while path, size and time are. Passes on what the file system says. */
export function createInstalledFacts(): InstalledFacts {
  const known = new Recent<ModelFacts | undefined>(REMEMBERED)
  return async ({ weightsPath, fullName }) => {
    if (weightsPath === undefined) return undefined
    const { size, mtimeMs } = await stat(weightsPath)
    const facts = await known.get(`${weightsPath} ${size} ${mtimeMs}`, () => readFacts(weightsPath))
    // Several names may share a file.
    return facts && named(facts, fullName)
  }
}

const named = (facts: ModelFacts, name: string): ModelFacts => ({
  ...facts,
  name,
  offers: facts.offers.map((offer) => ({ ...offer, name })),
})

async function readFacts(path: string): Promise<ModelFacts | undefined> {
  try {
    const header = await readGgufFile(path)
    const fileType = fileTypeOf(header)
    if (fileType === undefined) return undefined
    const isNative = fileType === 'MXFP4_MOE' && isTrainedInMxfp4(header)
    const facts = headerFacts(header, { name: path, fileType, source: 'installed', isNative })
    // A model that does not say what it was trained for gets what everybody gets.
    return facts && { ...facts, contextLength: facts.contextLength || SMALL_MACHINE_CONTEXT }
  } catch (error) {
    if (error instanceof GgufError) return undefined
    throw error
  }
}

/** The architecture by the names of llama.cpp and of Ollama. */
const isTrainedInMxfp4 = ({ metadata }: GgufHeader): boolean =>
  ['gpt-oss', 'gptoss'].includes(String(metadata.get('general.architecture')))

/** As the file says itself; one that does not is a recipe whose usual block type most of its bytes have. */
export function fileTypeOf({ metadata, tensors }: GgufHeader): FileType | undefined {
  const said = metadata.get('general.file_type')
  const name = typeof said === 'number' ? fileTypeText(said) : ''
  if (isFileType(name)) return name
  const bytes = new Map<string, number>()
  for (const tensor of tensors) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes)
  const [most] = [...bytes].toSorted(([, a], [, b]) => b - a)
  const recipes = Object.entries(FILE_TYPES).filter(([, { blockType }]) => blockType === most?.[0])
  return recipes.map(([recipe]) => recipe).find(isFileType)
}
