import { readFile, stat } from 'node:fs/promises'
import { z } from 'zod'
import type { Message } from '../types.ts'
import { blobPath } from './blobs.ts'
import { type Layer, layersOf, type Manifest } from './manifest.ts'
import type { ModelConfig } from './types.ts'

/** A layer of text; the longest seen is a licence of some hundred kilobytes. */
const MAX_TEXT_BYTES = 16 * 1024 * 1024

/** What the small layers of a model say. */
export interface LayerContent {
  config: ModelConfig
  goTemplate: string | undefined
  system: string | undefined
  parameters: Record<string, unknown>
  messages: Message[]
  licenses: string[]
}

/** Reads every layer but the weights. Throws when one is missing or not what it should be. */
export async function readLayerContent(folder: string, manifest: Manifest): Promise<LayerContent> {
  const read = (layer: Layer | undefined) => layer && readText(folder, layer)
  const config = await read(manifest.config ?? undefined)
  // Old models call their template a prompt. Where a kind comes twice, the last one counts.
  const template = layersOf(manifest, 'template').at(-1) ?? layersOf(manifest, 'prompt').at(-1)
  const parameters = await read(layersOf(manifest, 'params').at(-1))
  const messages = await read(layersOf(manifest, 'messages').at(-1))
  const licenses: string[] = []
  for (const license of layersOf(manifest, 'license')) licenses.push(await readText(folder, license))
  return {
    config: Config.parse(JSON.parse(config ?? '{}')),
    goTemplate: await read(template),
    system: await read(layersOf(manifest, 'system').at(-1)),
    parameters: Parameters.parse(JSON.parse(parameters ?? '{}')),
    messages: Messages.parse(JSON.parse(messages ?? '[]')),
    licenses,
  }
}

async function readText(folder: string, layer: Layer): Promise<string> {
  const path = blobPath(folder, layer.digest)
  const { size } = await stat(path)
  if (size > MAX_TEXT_BYTES) throw new Error(`layer ${layer.digest} has ${size} bytes, too many for a text`)
  return readFile(path, 'utf8')
}

/** Absent, null and of another type all mean: not said. */
const text = z.string().catch('')
const length = z.number().int().nonnegative().catch(0)

const Config = z
  .object({
    model_format: text,
    model_family: text,
    model_families: z.array(z.string()).nullable().catch(null),
    model_type: text,
    file_type: text,
    renderer: text,
    parser: text,
    requires: text,
    remote_host: text,
    remote_model: text,
    capabilities: z.array(z.string()).catch([]),
    context_length: length,
    embedding_length: length,
  })
  .transform(
    (config): ModelConfig => ({
      modelFormat: config.model_format,
      modelFamily: config.model_family,
      modelFamilies: config.model_families,
      parameterSize: config.model_type,
      quantizationLevel: config.file_type,
      renderer: config.renderer,
      parser: config.parser,
      requires: config.requires,
      remoteHost: config.remote_host,
      remoteModel: config.remote_model,
      capabilities: config.capabilities,
      contextLength: config.context_length,
      embeddingLength: config.embedding_length,
    }),
  )

/** A params layer may hold `null`. */
const Parameters = z
  .record(z.string(), z.unknown())
  .nullable()
  .transform((parameters) => parameters ?? {})

const StoredMessage = z
  .object({
    role: z.string(),
    content: text,
    thinking: z.string().optional().catch(undefined),
    images: z.array(z.base64()).optional().catch(undefined),
    tool_calls: z
      .array(
        z.object({
          id: z.string().optional(),
          function: z.object({ name: z.string(), arguments: z.record(z.string(), z.unknown()).catch({}) }),
        }),
      )
      .optional()
      .catch(undefined),
    tool_name: z.string().optional().catch(undefined),
    tool_call_id: z.string().optional().catch(undefined),
  })
  .transform((stored): Message => {
    const message: Message = { role: stored.role, content: stored.content }
    if (stored.thinking) message.thinking = stored.thinking
    if (stored.images) message.images = stored.images.map((image) => Buffer.from(image, 'base64'))
    if (stored.tool_calls) {
      message.toolCalls = stored.tool_calls.map(({ id, function: call }) => ({
        ...(id ? { id } : {}),
        ...call,
      }))
    }
    if (stored.tool_name) message.toolName = stored.tool_name
    if (stored.tool_call_id) message.toolCallId = stored.tool_call_id
    return message
  })
const Messages = z
  .array(StoredMessage)
  .nullable()
  .transform((messages) => messages ?? [])
