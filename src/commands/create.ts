import { readFile, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, dirname, resolve } from 'node:path'
import type { Config } from '../../config/load.ts'
import { createModels } from '../../engine/create/create.ts'
import { modelFiles } from '../../engine/create/local-files.ts'
import { type ModelfilePlan, planOf } from '../../engine/create/modelfile.ts'
import type { CreateRequest } from '../../engine/create/types.ts'
import { createQuantizationChoice } from '../../engine/planning/quantization-choice.ts'
import type { Taken } from '../../engine/store/files.ts'
import { ifMissing } from '../../engine/store/missing.ts'
import { parseModelName } from '../../engine/store/name.ts'
import type { ModelStore } from '../../engine/store/types.ts'
import { decodeModelfile } from '../../formats/modelfile/decode.ts'
import { parseModelfile } from '../../formats/modelfile/parse.ts'
import { ModelfileError } from '../../formats/modelfile/types.ts'
import { openMachine } from '../machine.ts'
import { createProgress, type Progress, type ProgressOutput } from '../progress.ts'
import { openBackend } from './backend.ts'
import { openModels, TERMINAL_LOG } from './store.ts'

/** What `snug create` was asked for. */
export interface CreateCommand {
  model: string
  /** A file or folder with a model; goes without a Modelfile. */
  path?: string
  /** Where the Modelfile is. */
  modelfile: string
  quantize: string
}

/** A Modelfile holds texts, never weights. */
const MAX_MODELFILE_BYTES = 32 * 1024 * 1024

const HOW: Record<Taken, string> = {
  existing: 'is in the models folder already',
  linked: 'is hard-linked into the models folder: no bytes copied',
  cloned: 'is cloned into the models folder: the copy shares its blocks',
  copied: 'is copied into the models folder',
}

/**
 * `snug create`: makes a model in the models folder, without a server. Throws EngineError, ModelfileError, and what
 * the file system says.
 */
export async function createCommand(
  config: Config,
  command: CreateCommand,
  output: ProgressOutput,
  signal: AbortSignal,
): Promise<void> {
  if (parseModelName(command.model) === undefined) throw new ModelfileError('invalid model name')
  const { plan, folder } = await readPlan(command)
  for (const warning of plan.warnings) output.write(`warning: ${warning}\n`)
  const models = await openModels(config)
  const backend = openBackend(config, TERMINAL_LOG)
  const progress = createProgress(output)
  try {
    const request = await toRequest({ plan, folder, models, progress, signal })
    const { readMachine } = await openMachine(config, backend)
    const chooseType = createQuantizationChoice({ readMachine, loaded: () => [] })
    const create = createModels({ models, quantize: backend.quantize, chooseType })
    const { model: name, quantize } = command
    for await (const event of create({ ...request, name, quantize }, signal)) progress.show(event)
  } finally {
    progress.end()
    await backend.close()
  }
}

/** The Modelfile, and the folder its paths are relative to. */
async function readPlan({
  path,
  modelfile,
}: CreateCommand): Promise<{ plan: ModelfilePlan; folder: string }> {
  if (path !== undefined) {
    const from = resolve(path)
    return { plan: planOf([{ name: 'from', value: from }]), folder: dirname(from) }
  }
  const found = await ifMissing(stat(modelfile), undefined)
  if (found?.isFile() !== true)
    throw new ModelfileError(`there is no file ${modelfile}: name a Modelfile with -f, or a model file`)
  if (found.size > MAX_MODELFILE_BYTES)
    throw new ModelfileError(`${modelfile} has ${found.size} bytes, too many for a Modelfile`)
  const text = decodeModelfile(await readFile(modelfile))
  return { plan: planOf(parseModelfile(text)), folder: dirname(resolve(modelfile)) }
}

interface Sources {
  plan: ModelfilePlan
  folder: string
  models: ModelStore
  progress: Progress
  signal: AbortSignal
}

/** The request a plan makes once its files are in the models folder. */
async function toRequest(sources: Sources): Promise<CreateRequest> {
  const { plan } = sources
  const names: string[] = []
  let files: Record<string, string> | undefined
  for (const value of plan.from) {
    const taken = await take(sources, value)
    if (taken !== undefined) files = { ...files, ...taken }
    else if (isPath(value)) throw new ModelfileError(`FROM ${value}: there is no such file`)
    else names.push(value)
  }
  const [from = ''] = names
  if (names.length > 1) throw new ModelfileError(`FROM names several models: ${names.join(', ')}`)
  if (from !== '' && files !== undefined) {
    throw new ModelfileError(`FROM names both a model (${from}) and files: choose one`)
  }
  const adapters = await takeAll(sources, 'ADAPTER', plan.adapters)
  const draftFiles = await takeAll(sources, 'DRAFT', plan.drafts)
  return {
    ...plan.request,
    from,
    ...(files === undefined ? {} : { files }),
    ...(adapters === undefined ? {} : { adapters }),
    ...(draftFiles === undefined ? {} : { draftFiles }),
  }
}

async function takeAll(
  sources: Sources,
  what: string,
  values: readonly string[],
): Promise<Record<string, string> | undefined> {
  let all: Record<string, string> | undefined
  for (const value of values) {
    const taken = await take(sources, value)
    if (taken === undefined) throw new ModelfileError(`${what} ${value}: there is no such file`)
    all = { ...all, ...taken }
  }
  return all
}

/** Puts a file, or the files of a folder, into the models folder: names and digests. Undefined when there is none. */
async function take(
  { folder, models, progress, signal }: Sources,
  value: string,
): Promise<Record<string, string> | undefined> {
  const files = await modelFiles(resolve(folder, expanded(value)))
  if (files === undefined) return undefined
  const digests: Record<string, string> = {}
  for (const [name, path] of files) {
    const text = `hashing ${basename(path)}`
    const total = (await stat(path)).size
    const { digest, how } = await models.takeFile(path, signal, (completed) =>
      progress.show({ type: 'progress', text, total, completed }),
    )
    progress.show({ type: 'status', text: `${name} ${HOW[how]}` })
    digests[name] = digest
  }
  return digests
}

/** A name that can only be meant as a path. */
const isPath = (value: string) => /^(\.{0,2}\/|~|[A-Za-z]:\\)|\.(gguf|safetensors|bin)$/i.test(value)

function expanded(value: string): string {
  if (value === '~' || value.startsWith('~/')) return homedir() + value.slice(1)
  if (!value.startsWith('~')) return value
  throw new ModelfileError(
    `${value}: only the home folder of the user who runs this is known, write the path in full`,
  )
}
