import { readdir, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EngineError } from '../errors.ts'
import { ifMissing } from '../store/missing.ts'

/** What holds weights in a folder; of the first pattern that any file fits, all are taken (ollama parser/parser.go). */
const WEIGHTS = [
  /^model.*\.safetensors$/,
  /^consolidated.*\.safetensors$/,
  /^pytorch_model.*\.bin$/,
  /^consolidated.*\.pth$/,
  /\.gguf$/,
  /\.bin$/,
]
/** What a model in safetensors has beside its weights. */
const BESIDE = [/\.json$/, /^chat_template\.jinja$/, /^tokenizer\.model$/]

/**
 * The files that a model is made of, by the names they have for it: a file itself, or what belongs to a model in a
 * folder. Undefined when there is nothing of that name. Throws EngineError `bad_request` for a folder without a model.
 */
export async function modelFiles(path: string): Promise<Map<string, string> | undefined> {
  const found = await ifMissing(stat(path), undefined)
  if (found === undefined) return undefined
  if (!found.isDirectory()) return new Map([[basename(path), path]])
  const top = await filesIn(path)
  const pattern = WEIGHTS.find((one) => top.some((name) => one.test(name)))
  if (pattern === undefined) {
    throw new EngineError('bad_request', `no model files found in ${path}`)
  }
  const wanted = pattern.source.endsWith('safetensors$') ? [pattern, ...BESIDE] : [pattern]
  const names = [...top, ...(wanted.length > 1 ? await filesBelow(path) : [])]
  const isWanted = (name: string) => wanted.some((one) => one.test(basename(name)))
  return new Map(names.filter(isWanted).map((name) => [name, join(path, name)]))
}

/** Names of the files in a folder; links count as what they point to. */
async function filesIn(folder: string): Promise<string[]> {
  const files: string[] = []
  for (const name of (await readdir(folder)).sort()) {
    const found = await ifMissing(stat(join(folder, name)), undefined)
    if (found?.isFile()) files.push(name)
  }
  return files
}

/** The same for its folders, one level down; names are relative to the upper one. */
async function filesBelow(folder: string): Promise<string[]> {
  const below: string[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue
    for (const name of await filesIn(join(folder, entry.name))) below.push(`${entry.name}/${name}`)
  }
  return below
}
