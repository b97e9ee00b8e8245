import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { EngineError } from '../errors.ts'
import { GgufError } from '../gguf/error.ts'
import { mergeSplitGguf } from '../gguf/merge.ts'
import { readGgufFile } from '../gguf/read.ts'
import { type SplitName, splitName } from '../gguf/split-name.ts'
import type { GgufHeader } from '../gguf/types.ts'
import type { TransferEvent } from '../registry/types.ts'
import { orNoRoom } from '../store/no-room.ts'
import type { ModelStore } from '../store/types.ts'
import { reporting } from './reporting.ts'
import { withSteadySources } from './steady-sources.ts'
import type { BuiltLayer } from './types.ts'

type GgufLayer = BuiltLayer & { header: GgufHeader }

/** Layers whose files are parts of one model. */
interface Group {
  parts: { name: SplitName; layer: GgufLayer }[]
}

/**
 * The same layers, those that are parts of one GGUF file joined into one, after the others. Throws EngineError
 * `create_failed` when parts do not make a whole.
 */
export async function* mergedSplits(
  models: ModelStore,
  layers: readonly GgufLayer[],
  signal: AbortSignal,
): AsyncGenerator<TransferEvent, BuiltLayer[]> {
  const whole: BuiltLayer[] = []
  const groups = new Map<string, Group>()
  for (const layer of layers) {
    const name = splitNameOf(layer)
    if (name === undefined) {
      whole.push(layer)
      continue
    }
    const key = `${layer.mediaType}:${name.prefix}:${name.count}`
    const group = groups.get(key) ?? { parts: [] }
    group.parts.push({ name, layer })
    groups.set(key, group)
  }
  for (const group of groups.values()) whole.push(yield* merged(models, group, signal))
  return whole
}

/** The place of a file among its like; undefined for a file that is a model by itself. */
function splitNameOf({ from = '', header }: GgufLayer): SplitName | undefined {
  const count = header.metadata.get('split.count')
  if (typeof count !== 'number' || count <= 1) return undefined
  const name = splitName(basename(from))
  if (name !== undefined) return name
  throw new EngineError(
    'create_failed',
    `split GGUF ${JSON.stringify(from)} must use llama.cpp split filename pattern`,
  )
}

async function* merged(
  models: ModelStore,
  { parts }: Group,
  signal: AbortSignal,
): AsyncGenerator<TransferEvent, BuiltLayer> {
  const text = 'validating GGUF model'
  const [first] = parts
  if (first === undefined) throw new EngineError('create_failed', 'a split model has no files')
  const { mediaType, digest, from } = first.layer
  // Blobs are not called what the parts of a model must be called.
  const folder = await mkdtemp(join(tmpdir(), 'snug-split-'))
  const to = models.temporaryPath()
  try {
    const paths: string[] = []
    for (const { name, layer } of parts) paths.push(await linked(folder, name, models.blobPath(layer.digest)))
    yield* reporting(async (report, stop) => {
      const onProgress = (completed: number, total: number) =>
        report({ type: 'progress', text, digest, total, completed })
      const merge = () => mergeSplitGguf(paths, to, { signal: stop, onProgress })
      const digests = parts.map(({ layer }) => layer.digest)
      await withSteadySources(models, digests, stop, merge)
    }, signal)
    const header = await readGgufFile(to)
    return { mediaType, ...(await models.putFile(to, signal)), ...(from && { from }), isNew: true, header }
  } catch (cause) {
    if (cause instanceof GgufError) throw new EngineError('create_failed', cause.message, { cause })
    return orNoRoom(dirname(to))(cause)
  } finally {
    await rm(folder, { recursive: true, force: true })
    await rm(to, { force: true })
  }
}

/** The client's own name for the file stays out of the path. */
async function linked(folder: string, { index, count }: SplitName, blobPath: string): Promise<string> {
  const digits = (number: number) => String(number).padStart(5, '0')
  const path = join(folder, `model-${digits(index + 1)}-of-${digits(count)}.gguf`)
  await symlink(blobPath, path)
  return path
}
