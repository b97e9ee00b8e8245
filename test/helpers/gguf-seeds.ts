import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FIXTURE_MODELS } from './fixture-models.ts'
import { fixtureWeights } from './fixtures.ts'
import { type Seed, seedOf } from './gguf-mutations.ts'
import { putTogether } from './gguf-pieces.ts'
import { writeRandomEncoder } from './random-encoder.ts'
import { type ModelShape, SHAPE_SMALL, writeRandomModel } from './random-model.ts'
import { splitGguf } from './split-gguf.ts'

const SNUG_TINY = fileURLToPath(new URL('../../models/snug-tiny.gguf', import.meta.url))

/** Small models that llama.cpp loads in no time. */
const EXPERTS: ModelShape = { ...SHAPE_SMALL, name: 'experts', experts: { count: 4, used: 2 } }
const BIASES: ModelShape = { ...SHAPE_SMALL, name: 'biases', architecture: 'qwen2' }

/** Models that llama.cpp loads: of three architectures, with a mixture of experts and without. */
export async function loadableSeeds(): Promise<Seed[]> {
  return await inFolder(async (folder) => {
    const seeds: Seed[] = []
    for (const shape of [SHAPE_SMALL, EXPERTS, BIASES]) {
      const path = join(folder, shape.name)
      await writeRandomModel(path, shape)
      seeds.push(seedOf(shape.name, await readFile(path)))
    }
    for (const pooling of ['mean', 'rank'] as const) {
      const path = join(folder, pooling)
      await writeRandomEncoder(path, pooling)
      seeds.push(seedOf(`encoder with ${pooling}`, await readFile(path)))
    }
    return seeds
  })
}

/** Files for the reader: those, the fixtures, the bundled model's header and a file of a split model. */
export async function readableSeeds(): Promise<Seed[]> {
  const bundled = seedOf('snug-tiny', await readFile(SNUG_TINY))
  const split = await inFolder(async (folder) => {
    const path = join(folder, 'whole')
    await writeRandomModel(path, SHAPE_SMALL)
    const [first = '', second = ''] = await splitGguf(path, { folder, tensors: [3] })
    return [seedOf('split 1', await readFile(first)), seedOf('split 2', await readFile(second))]
  })
  const fixtures = Object.entries(FIXTURE_MODELS).map(([name, model]) => seedOf(name, fixtureWeights(model)))
  return [...(await loadableSeeds()), ...fixtures, ...split, withoutData(bundled)]
}

/** A seed of a big file costs a copy of it each time; its tensors are all that makes it big. */
function withoutData({ name, pieces }: Seed): Seed {
  const header = { ...pieces, tensors: [], data: Buffer.alloc(0) }
  return seedOf(name, putTogether(header))
}

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'snug-seeds-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
