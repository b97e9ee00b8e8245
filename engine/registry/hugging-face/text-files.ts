import { z } from 'zod'
import { checkTemplate } from '../../create/text-layers.ts'
import type { ModelName } from '../../store/types.ts'
import { RegistryError } from '../error.ts'
import type { Hub, HubFile } from './types.ts'

/** Files at the top of a repository that say how its model is to be used (Hugging Face's documentation of Ollama). */
const TEXT_FILES = ['template', 'system', 'params'] as const

export const isTextFile = (path: string): boolean => TEXT_FILES.some((file) => file === path)

/** What they say; empty where they are not there. */
export interface Texts {
  template: string
  system: string
  /** Ollama's option names. */
  parameters: Record<string, unknown>
}

const Params = z.record(z.string(), z.unknown())

/**
 * Reads the texts of a repository. Throws RegistryError, and EngineError `bad_request` for a template that cannot be
 * parsed: before anything large is fetched.
 */
export async function readTexts(
  hub: Hub,
  name: ModelName,
  files: readonly HubFile[],
  signal: AbortSignal,
): Promise<Texts> {
  const read = async (path: (typeof TEXT_FILES)[number]) => {
    const file = files.find((one) => one.path === path)
    return file === undefined ? '' : await hub.text(name, file, signal)
  }
  const template = await read('template')
  if (template !== '') checkTemplate(template)
  return { template, system: await read('system'), parameters: parseParams(await read('params')) }
}

function parseParams(text: string): Record<string, unknown> {
  if (text.trim() === '') return {}
  try {
    return Params.parse(JSON.parse(text))
  } catch (cause) {
    throw new RegistryError('malformed', 'the file "params" of the repository is no JSON object', { cause })
  }
}
