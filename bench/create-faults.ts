/** Makes models again and again while something goes wrong each time, and looks what is left and how it goes on. */
import { rmSync, truncateSync, utimesSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { blobsOf } from '../engine/store/manifest.ts'
import { readManifests } from '../engine/store/manifests.ts'
import { requireBlobs } from '../engine/store/used-blobs.ts'
import { type CreateServer, cutUpload, startCreateServer, upload } from './create-server.ts'
import {
  blobNames,
  digestOf,
  fillUp,
  flipBit,
  leftovers,
  openGround,
  type Random,
  randomNumbers,
  wrongBlobs,
} from './fault-ground.ts'
import { childrenOf, read } from './proc.ts'
import { type Recipe, recipes } from './recipes.ts'

export const CREATE_FAULTS = [
  'kill -9 of the server',
  'kill -9 of the process that converts or quantizes',
  'upload cut',
  'bit flipped in an upload',
  'source changed while it is read',
  'source cut while it is read',
  'disk full',
] as const
export type CreateFault = (typeof CREATE_FAULTS)[number]

export interface CreateFaultReport {
  seed: number
  counts: Record<CreateFault, number>
  /** Faults after which the model was not there yet. */
  broken: number
  /** Everything that must not be; empty when all is well. */
  violations: string[]
  /** How the disk was filled: a file system of its own, or a limit on the size of files. */
  disk: 'tmpfs' | 'limit'
  seconds: number
}

/** Room for all that one model is made of and from, several times. */
export const DISK_MIB = 96
const MODEL = 'made'
const TWO_HOURS_S = 2 * 60 * 60
const PATIENCE_MS = 10_000

interface Known extends Recipe {
  /** The manifest it makes when nothing goes wrong. */
  manifest: string
  /** How long that takes. */
  ms: number
}

interface Scene {
  random: Random
  folder: string
  isTmpfs: boolean
  server: CreateServer
  recipes: readonly Known[]
  /** What lies among the blobs when nothing has been made. */
  before: ReadonlySet<string>
  violations: string[]
}

type Say = (what: string) => void

/** One to two seconds a fault. Linux only; needs `dist/`. */
export async function createFaults(
  count: number,
  seed: number,
  onFault: (done: number) => void = () => {},
): Promise<CreateFaultReport> {
  const startedAt = performance.now()
  const ground = openGround(DISK_MIB)
  const scene: Scene = {
    random: randomNumbers(seed),
    ...ground,
    server: await startCreateServer(ground.folder),
    recipes: [],
    before: new Set(blobNames(ground.folder)),
    violations: [],
  }
  const counts = Object.fromEntries(CREATE_FAULTS.map((kind) => [kind, 0])) as CreateFaultReport['counts']
  let broken = 0
  try {
    scene.recipes = await learned(scene)
    for (let done = 0; done < count; done++) {
      const kind = CREATE_FAULTS[done % CREATE_FAULTS.length] ?? 'upload cut'
      if (await once(scene, kind)) broken += 1
      counts[kind] += 1
      onFault(done + 1)
    }
  } finally {
    await scene.server.stop()
    ground.remove()
  }
  const { violations } = scene
  const disk = ground.isTmpfs ? 'tmpfs' : 'limit'
  return { seed, counts, broken, violations, disk, seconds: (performance.now() - startedAt) / 1000 }
}

/** Makes everything twice without a fault: the first time is slower, and both must come to the same. */
async function learned(scene: Scene): Promise<Known[]> {
  const known: Known[] = []
  const folder = await mkdtemp(join(tmpdir(), 'snug-recipes-'))
  for (const recipe of await recipes(folder)) {
    await make(scene, recipe)
    const first = manifestOf(scene)
    await forget(scene)
    const startedAt = performance.now()
    await make(scene, recipe)
    const ms = performance.now() - startedAt
    const manifest = manifestOf(scene)
    if (manifest === '' || manifest !== first) throw new Error(`${recipe.name} does not come out the same`)
    known.push({ ...recipe, manifest, ms })
    await forget(scene)
  }
  rmSync(folder, { recursive: true })
  return known
}

/** One fault while a model is made, then the same without one. True when the fault kept it from being made. */
async function once(scene: Scene, kind: CreateFault): Promise<boolean> {
  await forget(scene)
  const isLong = kind.includes('process') || kind.includes('while it is read')
  const choices = scene.recipes.filter(({ child }) => !isLong || child !== undefined)
  const recipe = choices[scene.random(choices.length)]
  if (recipe === undefined) throw new Error('there is nothing to make')
  const say = (what: string) => scene.violations.push(`${kind}, ${recipe.name}: ${what}`)
  await INFLICT[kind](scene, recipe, say)
  await checkFolder(scene, recipe, say)
  const isBroken = manifestOf(scene) === ''
  const answer = await scene.server.answer()
  if (answer !== '') say(`an earlier model answered “${answer}”`)
  const last = await make(scene, recipe)
  if (last !== 'success') say(`the next time ended with “${last}”`)
  await checkFolder(scene, recipe, say)
  return isBroken
}

/** Makes the fault happen; the server is up when it resolves, and has done what it was asked. */
const INFLICT: Record<CreateFault, (scene: Scene, recipe: Known, say: Say) => Promise<void>> = {
  async 'kill -9 of the server'(scene, recipe) {
    const making = make(scene, recipe)
    await sleep(scene.random(recipe.ms))
    await scene.server.kill()
    await making
    // Only what is old is taken for left over: another server may be at work in the folder.
    age(scene)
    scene.server = await startCreateServer(scene.folder)
  },
  async 'kill -9 of the process that converts or quantizes'(scene, recipe, say) {
    await whileReading(scene, recipe, say, (pid) => process.kill(pid, 'SIGKILL'))
  },
  async 'upload cut'(scene, recipe, say) {
    const file = anyFile(scene, recipe)
    const begin = file.subarray(0, scene.random(file.length))
    await cutUpload(scene.server.url, digestOf(file), begin, file.length)
    // Nobody is told of the end of an upload that was broken off; whoever asks later is answered later.
    await scene.server.answer()
    await cleaned(scene, say)
  },
  async 'bit flipped in an upload'(scene, recipe, say) {
    const file = anyFile(scene, recipe)
    const flipped = Buffer.from(file)
    const at = scene.random(file.length)
    flipped.writeUInt8(flipped.readUInt8(at) ^ (1 << scene.random(8)), at)
    const said = await upload(scene.server.url, flipped, digestOf(file))
    if (!said.includes('digest mismatch')) say(`the upload ended with “${said}”`)
  },
  async 'source changed while it is read'(scene, recipe, say) {
    const path = blobPath(scene, anyFile(scene, recipe))
    await whileReading(scene, recipe, say, () => flipBit(path, scene.random))
  },
  async 'source cut while it is read'(scene, recipe, say) {
    const file = anyFile(scene, recipe)
    await whileReading(scene, recipe, say, () =>
      truncateSync(blobPath(scene, file), scene.random(file.length)),
    )
  },
  async 'disk full'(scene, recipe, say) {
    const need = 3 * [...recipe.files.values()].reduce((sum, { length }) => sum + length, 0)
    const leave = scene.random(need)
    let empty = () => {}
    if (scene.isTmpfs) empty = fillUp(scene.folder, leave)
    else await restarted(scene, Math.ceil(leave / 1024))
    const last = await make(scene, recipe)
    empty()
    if (!scene.isTmpfs) await restarted(scene)
    if (!/^success$|no space left|ENOSPC|EFBIG|too large/i.test(last)) say(`it ended with “${last}”`)
  },
}

/** Stops the server in an orderly way and starts another, whose files may not get larger than the limit. */
async function restarted(scene: Scene, maxFileKiB?: number): Promise<void> {
  await scene.server.stop()
  scene.server = await startCreateServer(scene.folder, maxFileKiB)
}

/** Uploads what is not there and makes the model of it; how it ended. */
async function make({ server }: Scene, { files, quantize }: Recipe): Promise<string> {
  const digests: Record<string, string> = {}
  for (const [name, bytes] of files) {
    digests[name] = digestOf(bytes)
    const said = await upload(server.url, bytes, digestOf(bytes))
    if (said !== '') return said
  }
  return await server.create({ model: MODEL, files: digests, quantize })
}

/** Holds the process still that converts or quantizes, at some moment, and does something to it or its files. */
async function whileReading(
  scene: Scene,
  recipe: Known,
  say: Say,
  act: (pid: number) => void,
): Promise<void> {
  const making = make(scene, recipe)
  const pid = await Promise.race([childOf(scene, recipe), making.then(() => undefined)])
  if (pid === undefined) return say('nobody reads it')
  await Promise.race([sleep(scene.random(recipe.ms)), making])
  try {
    process.kill(pid, 'SIGSTOP')
    act(pid)
    process.kill(pid, 'SIGCONT')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    // It was done already.
  }
  await making
}

async function childOf({ server }: Scene, { child }: Known): Promise<number | undefined> {
  const giveUpAt = performance.now() + PATIENCE_MS
  while (performance.now() < giveUpAt) {
    const found = childrenOf(server.pid).find((pid) =>
      (read(`/proc/${pid}/cmdline`) ?? '').includes(child ?? '?'),
    )
    if (found !== undefined) return found
    await sleep(1)
  }
  return undefined
}

/** Right blobs and nothing else among them, whole manifests, and the model is what it should be or not there. */
async function checkFolder(scene: Scene, recipe: Known, say: Say): Promise<void> {
  const { folder } = scene
  for (const name of wrongBlobs(folder))
    say(`the blob ${name.slice(0, 15)} has other content than its name says`)
  const left = leftovers(folder)
  if (left.length > 0) say(`left over: ${left}`)
  const { manifests, unreadable } = await readManifests(folder)
  if (unreadable.length > 0) say('a manifest cannot be read')
  for (const { manifest, path } of manifests) {
    await requireBlobs(folder, manifest).catch((error) => say(`${path}: ${error.message}`))
    if (blobsOf(manifest).length === 0) say(`${path} has no blobs`)
  }
  const made = manifestOf(scene)
  if (made !== '' && made !== recipe.manifest) say('the model is another one than without the fault')
}

/** Waits until no unfinished file is left. */
async function cleaned({ folder }: Scene, say: Say): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS
  while (leftovers(folder).length > 0) {
    if (performance.now() > giveUpAt) return void say('an unfinished upload stays')
    await sleep(5)
  }
}

/** Removes the model and what it was made from, as if nobody had begun. */
async function forget({ server, folder, before }: Scene): Promise<void> {
  await server.remove(MODEL)
  for (const name of blobNames(folder)) if (!before.has(name)) rmSync(join(folder, 'blobs', name))
}

/** Makes all files beside the blobs two hours old. */
function age({ folder }: Scene): void {
  const then = Date.now() / 1000 - TWO_HOURS_S
  for (const name of blobNames(folder)) utimesSync(join(folder, 'blobs', name), then, then)
}

function manifestOf({ folder }: Scene): string {
  const path = join(folder, 'manifests/registry.ollama.ai/library', MODEL, 'latest')
  return read(path) ?? ''
}

const blobPath = ({ folder }: Scene, file: Buffer) => join(folder, 'blobs', digestOf(file).replace(':', '-'))

function anyFile({ random }: Scene, { files }: Recipe): Buffer {
  const all = [...files.values()]
  return all[random(all.length)] ?? Buffer.alloc(0)
}
