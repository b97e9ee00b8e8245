import { createHash } from 'node:crypto'
import { stat } from 'node:fs/promises'
import os from 'node:os'
import { basename } from 'node:path'
import type { LoadPlan } from '../../backend.ts'

/** Changes whenever states of older versions of this program must not be read any more. */
const FORMAT = 1

/** The file names of a content-addressed store: the name is the digest of the content. */
const DIGEST_NAME = /^sha256-[0-9a-f]{64}$/

/**
 * 32 bytes that are the same exactly where a kept state fits: the same weights and adapters, settings that
 * shape the cache, library and machine type. Throws what the file system throws for a file that is not there.
 */
export async function stateKey(plan: LoadPlan, libraryVersion: string): Promise<Buffer> {
  const { kvCacheType, flashAttention, contextLength, adapterScales, rope } = plan
  const facts = {
    format: FORMAT,
    library: libraryVersion,
    machine: [os.arch(), os.endianness()],
    weights: await identityOf(plan.weightsPath),
    adapters: await Promise.all(plan.adapterPaths.map(identityOf)),
    adapterScales,
    rope,
    kvCacheType,
    flashAttention,
    // Some models choose their position encoding by it.
    contextLength,
  }
  return createHash('sha256').update(JSON.stringify(facts)).digest()
}

/** A file outside a content-addressed store is taken for the same while path, size and time are. */
async function identityOf(path: string): Promise<unknown> {
  const { size, mtimeMs } = await stat(path)
  return DIGEST_NAME.test(basename(path)) ? [basename(path), size] : [path, size, mtimeMs]
}
