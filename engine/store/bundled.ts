import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { z } from 'zod'
import { ggufFacts } from '../gguf/facts.ts'
import { fileTypeText, parameterCountText } from '../gguf/file-type.ts'
import { readGgufFile } from '../gguf/read.ts'
import { hasBlob, putBlob } from './blobs.ts'
import { configBytes, EMPTY_CONFIG } from './config-blob.ts'
import { digestOf } from './digest.ts'
import { hashFile } from './files.ts'
import { markerPath } from './layout.ts'
import { layersOf, layerType, type Manifest, manifestBytes, type NewLayer } from './manifest.ts'
import { readManifest, writeManifest } from './manifests.ts'
import { ifMissing } from './missing.ts'
import { parseModelName } from './name.ts'
import { spellingFor } from './spelling.ts'
import type { ModelName, StoreLog } from './types.ts'

const LICENSE = `MIT License

Copyright (c) 2026 The Snug contributors

These weights may be used, copied, changed and passed on, free of charge and without any warranty, under the terms
of the MIT License that comes with Snug.
`

export interface BundledModel {
  folder: string
  name: string
  /** The GGUF file that comes with Snug. */
  file: string
  /** What the model does unless a request says otherwise, by Ollama's option names. */
  parameters?: Readonly<Record<string, unknown>>
  log: StoreLog
}

/**
 * Puts the model that comes with Snug among the installed ones at first start, and replaces it when a new Snug
 * brings a new one. Whoever deletes it, changes it or has a model of that name keeps things that way. May run at
 * the same time as other servers on the folder. Throws GgufError for a bad file, and what the file system says.
 */
export async function installBundledModel(bundled: BundledModel): Promise<void> {
  const { folder, name: text, file, log } = bundled
  const params = paramsBytes(bundled.parameters)
  const asked = parseModelName(text)
  if (!asked) throw new Error(`${text} is no model name`)
  const name = await spellingFor(folder, asked)
  const { digest: whole } = await hashFile(file)
  const digest = whole.slice('sha256:'.length)
  const marker = await readMarker(folder)
  switch (await whatToDo(folder, name, digest, marker.bundled[text], params)) {
    case 'leave':
      return
    case 'install':
      await install(folder, name, file, params)
      log.info({ model: text, digest }, 'bundled model installed')
  }
  await writeMarker(folder, { ...marker, bundled: { ...marker.bundled, [text]: digest } })
}

/** Compares what is there with the new weights (`digest`) and with what was installed before (`installed`). */
async function whatToDo(
  folder: string,
  name: ModelName,
  digest: string,
  installed: string | undefined,
  params: Buffer | undefined,
): Promise<'install' | 'mark' | 'leave'> {
  // A manifest that cannot be read is not Snug's, which writes them whole.
  const present = await readManifest(folder, name).catch(() => 'unreadable' as const)
  if (present === 'unreadable') return 'leave'
  if (present === undefined) return installed === undefined ? 'install' : 'leave'
  if (isOurs(present.manifest, digest, params)) {
    if (!(await hasBlob(folder, `sha256:${digest}`))) return 'install'
    return installed === digest ? 'leave' : 'mark'
  }
  const isUntouched = installed !== undefined && isOurs(present.manifest, installed, params)
  return isUntouched ? 'install' : 'leave'
}

/** The manifest is as `install` writes it for these weights: nobody has put anything on top. */
function isOurs(manifest: Manifest, digest: string, params: Buffer | undefined): boolean {
  const [weights] = layersOf(manifest, 'model')
  const ours = layersOf(manifest, 'params').filter((layer) => params && layer.digest === digestOf(params))
  const expected = 1 + layersOf(manifest, 'license').length + ours.length
  return weights?.digest === `sha256:${digest}` && manifest.layers.length === expected
}

/** The params layer as Ollama writes it. */
const paramsBytes = (parameters: BundledModel['parameters']): Buffer | undefined =>
  parameters && Buffer.from(`${JSON.stringify(parameters)}\n`)

/**
 * Everything the manifest names is there before the manifest is. Blobs are written anew even where they exist: a
 * young file is not taken for a leftover by another server that starts at this moment.
 */
async function install(
  folder: string,
  name: ModelName,
  file: string,
  params: Buffer | undefined,
): Promise<void> {
  const facts = ggufFacts(await readGgufFile(file))
  const layers: NewLayer[] = [
    { mediaType: layerType('model'), ...(await putBlob(folder, createReadStream(file))) },
    { mediaType: layerType('license'), ...(await putBlob(folder, [Buffer.from(LICENSE)])) },
  ]
  if (params) layers.push({ mediaType: layerType('params'), ...(await putBlob(folder, [params])) })
  const config = {
    ...EMPTY_CONFIG,
    modelFormat: 'gguf',
    modelFamily: facts.architecture,
    modelFamilies: [facts.architecture],
    parameterSize: parameterCountText(facts.parameterCount),
    quantizationLevel: fileTypeText(facts.fileType),
  }
  const configBlob = await putBlob(folder, [configBytes(config, layers)])
  await writeManifest(folder, name, manifestBytes(configBlob, layers))
}

/** Which models Snug has installed by itself, and with which weights: what is listed is not installed again. */
const Marker = z.looseObject({ bundled: z.record(z.string(), z.string()).catch({}) })
type Marker = z.infer<typeof Marker>

async function readMarker(folder: string): Promise<Marker> {
  const text = await ifMissing(readFile(markerPath(folder), 'utf8'), '{}')
  return Marker.parse(JSON.parse(text))
}

async function writeMarker(folder: string, marker: Marker): Promise<void> {
  const temporary = `${markerPath(folder)}.${randomUUID()}`
  try {
    await writeFile(temporary, `${JSON.stringify(marker)}\n`, { flush: true })
    await rename(temporary, markerPath(folder))
  } finally {
    await rm(temporary, { force: true })
  }
}
