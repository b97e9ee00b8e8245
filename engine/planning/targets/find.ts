import { EngineError } from '../../errors.ts'
import { GgufError } from '../../gguf/error.ts'
import { isHuggingFace } from '../../registry/hugging-face/hosts.ts'
import type { Registries } from '../../registry/types.ts'
import { parseModelName } from '../../store/name.ts'
import type { InstalledModel, ModelStore } from '../../store/types.ts'
import { createFactsReader } from '../installed-facts.ts'
import { withExactSizes } from './exact-sizes.ts'
import { fileTarget } from './file.ts'
import { hubTarget } from './hub.ts'
import { installedTarget } from './installed.ts'
import { librarySizes, libraryTarget } from './library.ts'
import type { Target, TargetQuestion, Targets } from './types.ts'
import { urlTarget } from './url.ts'

export interface TargetSources {
  models: ModelStore
  registries: Registries
  /**
   * Whoever asks sits at this machine: files of it are meant by their paths, and addresses may be in the local
   * network. Clients over HTTP see neither.
   */
  isLocal: boolean
}

/** No name and no address is longer. */
const MAX_TEXT = 4096

/** Finds models by what people write: names, files, addresses. */
export function createTargets(sources: TargetSources): Targets {
  const { models, registries, isLocal } = sources
  const factsOf = createFactsReader()

  async function find(question: TargetQuestion, signal: AbortSignal): Promise<Target> {
    const { text } = question
    if (text === '' || text.length > MAX_TEXT) throw invalidName()
    if (isAddress(text)) return await urlTarget(registries, text, { isLocal, signal })
    if (isPath(text)) {
      if (isLocal) return await fileTarget(text, signal)
      throw new EngineError(
        'bad_request',
        'a path means a file of the machine it is written on: ask with the name of an installed model, a name of ' +
          "Ollama's library, hf.co/user/repository or the address of a GGUF file",
      )
    }
    return await named(question, signal)
  }

  async function named(question: TargetQuestion, signal: AbortSignal): Promise<Target> {
    const name = parseModelName(question.text)
    if (name === undefined) throw invalidName()
    const installed = await installedNamed(models, question.text)
    if (installed !== undefined) return await installedTarget(models, factsOf, installed, signal)
    if (isHuggingFace(name.host)) return await hubTarget(registries, name, signal)
    const known = await libraryTarget(question, signal)
    if (known === undefined) throw notFound(question.text)
    return question.isExact ? await withExactSizes(registries, known, signal) : known
  }

  return {
    async find(question, signal) {
      try {
        return await find(question, signal)
      } catch (error) {
        if (!(error instanceof GgufError)) throw error
        throw new EngineError(
          'bad_request',
          `"${question.text}" is no model that can be used: ${error.message}`,
          {
            cause: error,
          },
        )
      }
    },
  }
}

const invalidName = () => new EngineError('invalid_model_name', 'invalid model name')

function notFound(text: string): EngineError {
  const sizes = librarySizes(text)
  const hint =
    sizes.length === 0
      ? 'it is not installed, and its network is not known here: pull it, or name hf.co/user/repository'
      : `name one of ${sizes.join(', ')}`
  return new EngineError('model_not_found', `model '${text}' not found: ${hint}`)
}

async function installedNamed(models: ModelStore, text: string): Promise<InstalledModel | undefined> {
  try {
    return await models.find(text)
  } catch (error) {
    if (error instanceof EngineError && error.code === 'model_not_found') return undefined
    throw error
  }
}

/** Names may begin with a scheme too, which means nothing: what ends like a file is an address. */
const isAddress = (text: string): boolean =>
  /^https?:\/\//i.test(text) && URL.canParse(text) && /\.gguf$/i.test(new URL(text).pathname)

const isPath = (text: string): boolean =>
  /^(?:\.{0,2}\/|[a-z]:[\\/])/i.test(text) ||
  (/\.gguf$/i.test(text) && !/^(?:hf\.co|huggingface\.co)\//i.test(text))
