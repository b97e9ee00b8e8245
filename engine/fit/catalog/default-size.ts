import { CATALOG } from './catalog.ts'
import type { CatalogModel } from './types.ts'

/**
 * The size that each name's `latest` is in Ollama's library (ollama.com/library). A name is left out where `latest`
 * is a model that the catalog does not know, such as a distillation or a later release.
 */
const LATEST: Readonly<Record<string, string>> = {
  'llama3.2': '3b',
  'llama3.1': '8b',
  'llama3.3': '70b',
  llama4: 'scout',
  llama2: '7b',
  'qwen2.5': '7b',
  qwen3: '8b',
  gemma2: '9b',
  gemma3: '4b',
  mistral: '7b',
  'mistral-nemo': '12b',
  'mistral-small': '24b',
  mixtral: '8x7b',
  'deepseek-v2': '16b',
  'deepseek-v3': '671b',
  'gpt-oss': '20b',
  'phi3.5': '3.8b',
  'phi4-mini': '3.8b',
  phi4: '14b',
  smollm2: '1.7b',
  tinyllama: '1.1b',
}

/** The model of the catalog that a name of the library means without a tag; undefined where that is not known. */
export function latestOf(name: string): CatalogModel | undefined {
  const size = Object.hasOwn(LATEST, name) ? LATEST[name] : undefined
  return size === undefined ? undefined : CATALOG.find((model) => model.name === `${name}:${size}`)
}

/** All sizes that the catalog knows of a name of the library. */
export const sizesOf = (name: string): CatalogModel[] =>
  CATALOG.filter((model) => model.name.startsWith(`${name}:`))
