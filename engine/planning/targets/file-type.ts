import { count } from '../../gguf/facts.ts'
import { FILE_TYPES, type FileType, isFileType } from '../../gguf/file-type.ts'
import type { GgufHeader } from '../../gguf/types.ts'

const BY_ID = new Map<number, FileType>(
  Object.entries(FILE_TYPES).flatMap(([name, { id }]) => (isFileType(name) ? [[id, name]] : [])),
)

/** The recipe that stands for a block type, where a file does not say by which it was made: the usual one of each. */
const USUAL: Readonly<Record<string, FileType>> = {
  Q3_K: 'Q3_K_M',
  Q4_K: 'Q4_K_M',
  Q5_K: 'Q5_K_M',
  MXFP4: 'MXFP4_MOE',
}

/**
 * The recipe of a file: as its header says, and where that says nothing, by the block type that holds most of its
 * bytes. Undefined for types that are no recipe's.
 */
export function fileTypeOf({
  metadata,
  tensors,
}: Pick<GgufHeader, 'metadata' | 'tensors'>): FileType | undefined {
  const said = BY_ID.get(count(metadata.get('general.file_type')) ?? -1)
  if (said !== undefined) return said
  const bytes = new Map<string, number>()
  for (const tensor of tensors) bytes.set(tensor.type, (bytes.get(tensor.type) ?? 0) + tensor.bytes)
  const [most] = [...bytes].sort(([, a], [, b]) => b - a)
  return most && typeNamed(most[0])
}

/** Spellings of publishers: other words for plain types, and larger mixes, which lose at most what their base does. */
const PUBLISHED: Readonly<Record<string, FileType>> = {
  FP16: 'F16',
  FP32: 'F32',
  Q2_K_L: 'Q2_K',
  Q2_K_XL: 'Q2_K',
  Q3_K_XL: 'Q3_K_L',
  Q4_K_L: 'Q4_K_M',
  Q4_K_XL: 'Q4_K_M',
  Q5_K_L: 'Q5_K_M',
  Q5_K_XL: 'Q5_K_M',
  Q6_K_L: 'Q6_K',
  Q6_K_XL: 'Q6_K',
  Q8_K_XL: 'Q8_0',
}

/** The recipe nearest to a name that publishers give a file, such as `UD-Q4_K_XL`; undefined for unknown names. */
export function typeNamed(name: string): FileType | undefined {
  const plain = name.toUpperCase().replace(/^UD-/, '')
  if (isFileType(plain)) return plain
  return PUBLISHED[plain] ?? USUAL[plain]
}

/** Families, by llama.cpp's names and Ollama's, that are trained in a type with blocks: any other type only loses. */
const NATIVE: Readonly<Record<string, FileType>> = { 'gpt-oss': 'MXFP4_MOE', gptoss: 'MXFP4_MOE' }

/** Whether nothing was lost in this type. */
export const isNativeType = (architecture: string, fileType: FileType): boolean =>
  NATIVE[architecture] === fileType
