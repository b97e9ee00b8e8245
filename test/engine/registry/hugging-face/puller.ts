import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { createPulls } from '../../../../engine/registry/pull.ts'
import { type HuggingFaceOptions, openRegistries } from '../../../../engine/registry/registries.ts'
import type { TransferEvent } from '../../../../engine/registry/types.ts'
import { hasTag, parseModelName } from '../../../../engine/store/name.ts'
import { tempFolder } from '../../../helpers/fixtures.ts'
import type { TestHub } from '../../../helpers/hugging-face.ts'
import { SMALL } from '../../../helpers/pull/memory-blob.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../../helpers/random-model.ts'
import { splitGguf } from '../../../helpers/split-gguf.ts'
import { openStore, recordingLog } from '../../../helpers/store.ts'

/** A store, and a way to pull into it from a Hugging Face on loopback. */
export async function puller(hub: TestHub, options: Omit<HuggingFaceOptions, 'endpoint'> = {}) {
  const folder = await tempFolder()
  const models = await openStore(folder)
  const registries = openRegistries({
    userAgent: 'snug/test',
    keyPath: join(await tempFolder(), 'id_ed25519'),
    huggingFace: { endpoint: hub.origin, ...options },
  })
  const pulls = createPulls({ models, registries, log: recordingLog(), tuning: SMALL })
  onTestFinished(async () => {
    await pulls.close()
    await registries.close()
  })
  /** The steps, without repetitions. */
  const pull = async (text: string): Promise<string[]> => {
    const name = parseModelName(text)
    if (!name) throw new Error(`${text} is no name`)
    const texts: string[] = []
    const events: AsyncIterable<TransferEvent> = pulls.pull(
      { name, hasTag: hasTag(text), insecure: false },
      new AbortController().signal,
    )
    for await (const event of events) if (event.text !== texts.at(-1)) texts.push(event.text)
    return texts
  }
  return { folder, models, pull }
}

/** The parts of a model that was split, by their names. */
export async function splitModel(prefix = 'model-Q8_0'): Promise<Map<string, Buffer>> {
  const folder = await tempFolder()
  const path = join(folder, 'whole.gguf')
  await writeRandomModel(path, SHAPE_SMALL, { weights: 'F16' })
  const paths = await splitGguf(path, { folder, prefix, tensors: [3, 5] })
  const parts = new Map<string, Buffer>()
  for (const part of paths) parts.set(part.split('/').at(-1) ?? '', await readFile(part))
  return parts
}

export const pathsOf = ({ requests }: TestHub): string[] => requests.map(({ url }) => url)
