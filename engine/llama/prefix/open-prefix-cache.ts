import os from 'node:os'
import type { LoadPlan } from '../../backend.ts'
import type { NativeModel } from '../native-model.ts'
import { type DiskTier, openDiskTier } from './disk-tier.ts'
import { createPrefixCache, type PrefixCache } from './prefix-cache.ts'
import { canGoBack } from './state.ts'
import { stateKey } from './state-key.ts'

/** 5 % of the memory this process may use, at most 1 GiB. */
function defaultRamBytes(): number {
  const constrained = process.constrainedMemory()
  const total = constrained > 0 ? Math.min(constrained, os.totalmem()) : os.totalmem()
  return Math.min(2 ** 30, Math.floor(total / 20))
}

/** Opens the tiers that the plan asks for. A folder that cannot be used is told to `log` and left out. */
export async function openPrefixCache(
  model: NativeModel,
  plan: LoadPlan,
  log: (message: string) => void,
): Promise<PrefixCache> {
  const { cache } = plan
  const ramBytes = cache === undefined ? 0 : (cache.ramBytes ?? defaultRamBytes())
  return createPrefixCache(model, ramBytes, await openDisk(model, plan, log))
}

async function openDisk(
  model: NativeModel,
  plan: LoadPlan,
  log: (message: string) => void,
): Promise<DiskTier | undefined> {
  const { cache } = plan
  if (cache?.dir === undefined || cache.dirBytes === 0) return undefined
  try {
    return await openDiskTier({
      dir: cache.dir,
      limit: cache.dirBytes,
      key: await stateKey(plan, model.library.version()),
      mostTokens: model.contextLength,
      canGoBack: canGoBack(model),
      log,
    })
  } catch (error) {
    log(`prompts are not kept on disk: ${(error as Error).message}`)
    return undefined
  }
}
