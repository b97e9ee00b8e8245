import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import { quoted, refused } from './refuse.ts'

/** Files of a model by their names, with where each one lies. */
export type SourceFiles = ReadonlyMap<string, string>

/** The largest tokenizer.json, of Gemma 3, has 33 MB; every other JSON file stays below one. */
const MAX_JSON_BYTES = 96 * 1024 * 1024

/**
 * A JSON file of the source, checked; undefined when the source has none of this name. Throws EngineError
 * `convert_failed` for one that is too large, no JSON, or not of the schema.
 */
export async function readJson<T extends z.ZodType>(
  files: SourceFiles,
  name: string,
  schema: T,
): Promise<z.infer<T> | undefined> {
  const text = await readText(files, name)
  if (text === undefined) return undefined
  const parsed = schema.safeParse(parse(text, name))
  if (!parsed.success) throw refused(`${name}: ${z.prettifyError(parsed.error).slice(0, MAX_REASON)}`)
  return parsed.data
}
const MAX_REASON = 500

/** A text file of the source; undefined when the source has none of this name. */
export async function readText(files: SourceFiles, name: string): Promise<string | undefined> {
  return (await readBytes(files, name))?.toString('utf8')
}

/** A small file of the source as it is; undefined when the source has none of this name. */
export async function readBytes(files: SourceFiles, name: string): Promise<Buffer | undefined> {
  const path = files.get(name)
  if (path === undefined) return undefined
  const { size } = await stat(path)
  if (size > MAX_JSON_BYTES) throw refused(`${quoted(name)} has ${size} bytes; ${MAX_JSON_BYTES} are read`)
  return await readFile(path)
}

function parse(text: string, name: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw refused(`${name} is not valid JSON: ${cause instanceof Error ? cause.message : cause}`, cause)
  }
}

/** These files write null for "absent". */
export const maybe = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? undefined)
