import type { FileType } from '../../gguf/file-type.ts'
import type { CatalogModel } from './types.ts'

/** What the library of 2023 and 2024 offers of a model. */
export const MANY: readonly FileType[] = [
  'F16',
  'Q8_0',
  'Q6_K',
  'Q5_K_M',
  'Q5_K_S',
  'Q5_1',
  'Q5_0',
  'Q4_K_M',
  'Q4_K_S',
  'Q4_1',
  'Q4_0',
  'Q3_K_L',
  'Q3_K_M',
  'Q3_K_S',
  'Q2_K',
]
/** What it offers of newer ones. */
export const FEW: readonly FileType[] = ['F16', 'Q8_0', 'Q4_K_M']

/** Letters that the library writes small, with its own word for F16. */
function tagText(fileType: FileType): string {
  if (fileType === 'F16') return 'fp16'
  return fileType.replace(/^I?Q/, (letters) => letters.toLowerCase())
}

/** What the library offers of a model: names to pull, with their quantizations. */
export const libraryOffers = ({ name, tags }: CatalogModel) =>
  tags.fileTypes.map((fileType) => ({
    name: `${name.slice(0, name.indexOf(':'))}:${tags.pattern.replace('{type}', tagText(fileType))}`,
    fileType,
    source: 'library' as const,
  }))
