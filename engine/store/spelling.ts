import { storedSpelling } from './manifests.ts'
import type { ModelName } from './types.ts'

/** The spelling under which a model is stored, whatever the case of the name; undefined when it is not. */
export async function storedName(folder: string, name: ModelName): Promise<ModelName | undefined> {
  const stored = await storedSpelling(folder, partsOf(name))
  return stored && nameOf(stored)
}

/**
 * The name under which a model is to be stored: each part as it is spelled on disk already, so that no two
 * manifests differ only in case (ollama server/routes.go).
 */
export async function spellingFor(folder: string, name: ModelName): Promise<ModelName> {
  const parts = partsOf(name)
  for (let known = parts.length; known > 0; known--) {
    const stored = await storedSpelling(folder, parts.slice(0, known))
    if (stored) return nameOf([...stored, ...parts.slice(known)])
  }
  return name
}

const partsOf = ({ host, namespace, model, tag }: ModelName) => [host, namespace, model, tag]

const nameOf = ([host = '', namespace = '', model = '', tag = '']: readonly string[]): ModelName => ({
  host,
  namespace,
  model,
  tag,
})
