/** Pulls a model again and again while something goes wrong each time, and looks what is left and how it goes on. */
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DownloadTuning } from '../engine/registry/download/tuning.ts'
import { str, u32, writeGguf } from '../test/helpers/gguf.ts'
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
import { type Puller, startPuller } from './puller.ts'
import { startRegistry } from './registry.ts'
import { median } from './report.ts'

export const FAULTS = [
  'kill -9',
  'bit flipped in the data',
  'bit flipped in the checksums',
  'bit flipped in a part file',
  'connections cut',
  'wrong byte from the registry',
  'disk full',
] as const
export type FaultKind = (typeof FAULTS)[number]

export interface FaultReport {
  seed: number
  counts: Record<FaultKind, number>
  /** Everything that must not be; empty when all is well. */
  violations: string[]
  /** What was sent for the second time, in pieces; where a bound holds. */
  extraPieces: { median: number; most: number }
  /** Pulls that had to fetch something again. */
  repaired: number
  /** The share that was there after a fault that left something to do, on average. */
  present: number
  /** Bytes of the blob, and of a piece. */
  size: number
  pieceBytes: number
  /** How the disk was filled: a file system of its own, or a limit on the size of files. */
  disk: 'tmpfs' | 'limit'
  seconds: number
}

/** Room for four times the blob. */
export const DISK_MIB = 24
const PIECE = 64 * 1024
const SIZE = 6 * 1024 * 1024
/** The product's rules at a smaller scale. */
const TUNING: Partial<DownloadTuning> = {
  minPartBytes: 400_000,
  pieceBytes: PIECE,
  lanes: 4,
  rampMs: 2,
  // So short a time is always busy.
  busyShare: 2,
  saveMs: 5,
  backOffMs: 2,
  inlineHashBytes: 16 * 1024 * 1024,
}
const BLOCK = 16 * 1024
const PAUSE_MS = 2

interface Scene {
  random: Random
  folder: string
  isTmpfs: boolean
  content: Buffer
  digest: string
  host: string
  network: Network
  violations: string[]
  extras: number[]
  present: number[]
}

/** What the registry does to those who ask. */
interface Network {
  /** Bytes sent to the pull of this number. */
  sent: number
  pull: number
  /** Called after each block. */
  onSent: (sent: number) => void
  /** Connections that break, each after so many blocks. */
  cuts: number[]
  /** A byte that comes wrong once. */
  wrong: number | undefined
}

/** Half a second to a second a fault. Needs `dist/`. */
export async function pullFaults(
  count: number,
  seed: number,
  onFault: (done: number) => void = () => {},
): Promise<FaultReport> {
  const startedAt = performance.now()
  const random = randomNumbers(seed)
  const content = weights(random)
  const digest = digestOf(content)
  const network: Network = { sent: 0, pull: 0, onSent: () => {}, cuts: [], wrong: undefined }
  const send = (response: ServerResponse, start: number, end: number) =>
    void sendBlocks(network, content, response, start, end)
  const registry = await startRegistry({ digest, size: content.length, send })
  const ground = openGround(DISK_MIB)
  const { folder, isTmpfs } = ground
  const violations: string[] = []
  const extras: number[] = []
  const { host } = registry
  const scene: Scene = {
    random,
    folder,
    isTmpfs,
    content,
    digest,
    host,
    network,
    violations,
    extras,
    present: [],
  }
  const counts = Object.fromEntries(FAULTS.map((kind) => [kind, 0])) as FaultReport['counts']
  try {
    for (let done = 0; done < count; done++) {
      const kind = FAULTS[done % FAULTS.length] ?? 'kill -9'
      await once(scene, kind)
      counts[kind] += 1
      onFault(done + 1)
    }
  } finally {
    await registry.close()
    ground.remove()
  }
  return {
    seed,
    counts,
    violations,
    repaired: extras.filter((extra) => extra > 0).length,
    present: scene.present.reduce((sum, share) => sum + share, 0) / scene.present.length,
    extraPieces: { median: median(extras), most: Math.max(...extras) },
    size: content.length,
    pieceBytes: PIECE,
    disk: isTmpfs ? 'tmpfs' : 'limit',
    seconds: (performance.now() - startedAt) / 1000,
  }
}

/** One fault during a pull into an empty folder, then a pull without one. */
async function once(scene: Scene, kind: FaultKind): Promise<void> {
  for (const name of readdirSync(scene.folder)) rmSync(join(scene.folder, name), { recursive: true })
  Object.assign(scene.network, { sent: 0, onSent: () => {}, cuts: [], wrong: undefined })
  const say = (what: string) => scene.violations.push(`${kind}: ${what}`)
  /** Bytes that may come twice; undefined where nobody can know. */
  const allowed = await INFLICT[kind](scene, say)
  checkBlobs(scene, say)
  const missing = scene.content.length - completedBytes(scene)
  if (missing > 0) scene.present.push(1 - missing / scene.content.length)
  scene.network.sent = 0
  scene.network.pull += 1
  const last = await pull(scene).ended
  if (last !== 'success') say(`the next pull ended with “${last}”`)
  checkBlobs(scene, say)
  const left = leftovers(scene.folder)
  if (left.length > 0) say(`${left.length} files are left over`)
  if (allowed === undefined) return
  const extra = scene.network.sent - missing
  scene.extras.push(extra / PIECE)
  if (extra > allowed + PIECE) say(`${extra} bytes were fetched again, at most ${allowed} were damaged`)
}

type Say = (what: string) => void

/** Makes the fault happen and waits until the process has ended; the bytes it may have damaged. */
const INFLICT: Record<FaultKind, (scene: Scene, say: Say) => Promise<number | undefined>> = {
  async 'kill -9'(scene) {
    for (let kills = 1 + scene.random(3); kills > 0; kills--) await killedPull(scene)
    return 0
  },
  async 'bit flipped in the data'(scene) {
    await killedPull(scene)
    return flipBlob(scene, /-partial$/) ? 2 * PIECE : 0
  },
  async 'bit flipped in the checksums'(scene) {
    await killedPull(scene)
    return flipBlob(scene, /-snug-pieces$/) ? 2 * PIECE : 0
  },
  async 'bit flipped in a part file'(scene) {
    await killedPull(scene)
    flipBlob(scene, /-partial-\d+$/)
    // It may now claim anything.
    return undefined
  },
  async 'connections cut'(scene, say) {
    scene.network.cuts = Array.from({ length: 1 + scene.random(4) }, () => scene.random(30))
    const last = await pull(scene).ended
    if (last !== 'success') say(`a cut connection ended the pull with “${last}”`)
    return 0
  },
  async 'wrong byte from the registry'(scene, say) {
    scene.network.wrong = scene.random(scene.content.length)
    const last = await pull(scene).ended
    if (last !== 'success') say(`a wrong byte ended the pull with “${last}”`)
    return 0
  },
  async 'disk full'(scene, say) {
    const last = await fullDisk(scene)
    if (!last.includes('no space left on device')) say(`a full disk ended the pull with “${last}”`)
    return 0
  },
}

const pull = ({ folder, host }: Scene): Puller => startPuller(folder, `${host}/library/faulty`, TUNING)

/** A pull whose process is killed at some moment. */
async function killedPull(scene: Scene): Promise<void> {
  const missing = scene.content.length - completedBytes(scene)
  const limit = scene.network.sent + scene.random(missing)
  const puller = pull(scene)
  scene.network.onSent = (sent) => {
    if (sent > limit) puller.kill()
  }
  await puller.ended
  scene.network.onSent = () => {}
}

/** Takes all the room there is while a pull is under way, and gives it back. Without a disk of its own, a limit. */
async function fullDisk(scene: Scene): Promise<string> {
  if (!scene.isTmpfs) {
    const { folder, host, content, random } = scene
    const maxFileKiB = 1 + random(content.length / 1024 - 1)
    return startPuller(folder, `${host}/library/faulty`, TUNING, maxFileKiB).ended
  }
  let empty = () => {}
  const limit = scene.random(scene.content.length / 2)
  scene.network.onSent = (sent) => {
    if (sent <= limit) return
    scene.network.onSent = () => {}
    empty = fillUp(scene.folder, scene.random(1_000_000))
  }
  const last = await pull(scene).ended
  empty()
  return last
}

/** No file has the name of a blob and other content. */
function checkBlobs({ folder }: Scene, say: Say): void {
  if (wrongBlobs(folder).length > 0) say('a blob has other content than its name says')
}

/** What part files say is there. */
function completedBytes({ folder }: Scene): number {
  let completed = 0
  for (const name of blobNames(folder)) {
    if (/^sha256-[0-9a-f]{64}$/.test(name)) return readFileSync(join(folder, 'blobs', name)).length
    if (!/-partial-\d+$/.test(name)) continue
    try {
      completed += JSON.parse(readFileSync(join(folder, 'blobs', name), 'utf8')).Completed
    } catch {
      // A bit of it was flipped.
    }
  }
  return completed
}

/** False when there is no such file yet, or nothing in it. */
function flipBlob({ folder, random }: Scene, pattern: RegExp): boolean {
  const names = blobNames(folder).filter((name) => pattern.test(name))
  const name = names[random(names.length)]
  return name !== undefined && flipBit(join(folder, 'blobs', name), random)
}

/** Slowly enough that there is a middle in which things can happen. */
async function sendBlocks(
  network: Network,
  content: Buffer,
  response: ServerResponse,
  start: number,
  end: number,
): Promise<void> {
  const number = network.pull
  let blocksLeft = network.cuts.pop() ?? Number.POSITIVE_INFINITY
  for (let at = start; at <= end; at += BLOCK) {
    if (response.destroyed) return
    if (blocksLeft-- <= 0) return void response.socket?.destroySoon()
    let block = content.subarray(at, Math.min(at + BLOCK, end + 1))
    const { wrong } = network
    if (wrong !== undefined && wrong >= at && wrong < at + block.length) {
      block = Buffer.from(block)
      block.writeUInt8(block.readUInt8(wrong - at) ^ 1, wrong - at)
      network.wrong = undefined
    }
    await new Promise((resolve) => response.write(block, resolve))
    // Kernel buffers would take all of it at once, and the puller have nothing when it is killed.
    await sleep(PAUSE_MS)
    // It was under way to a process that has been killed meanwhile.
    if (number !== network.pull) return
    network.sent += block.length
    network.onSent(network.sent)
  }
  response.end()
}

/** A GGUF file without tensors, and noise behind it. */
function weights(random: Random): Buffer {
  const metadata = { 'general.architecture': str('llama'), 'llama.block_count': u32(1) }
  const noise = Buffer.alloc(SIZE)
  for (let at = 0; at < SIZE; at += 4) noise.writeUInt32LE(random(2 ** 32), at)
  return Buffer.concat([writeGguf({ metadata }), noise])
}
