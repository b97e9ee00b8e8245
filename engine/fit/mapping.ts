import type { Candidate } from './candidates.ts'
import type { Machine } from './types.ts'

const GIB = 2 ** 30
const AMPLE_SHARE = 0.1
const AMPLE_BYTES = 8 * GIB

/**
 * Whether weights should be mapped from their file and not be read into memory. Ollama's rules (llm/server.go):
 * not when main memory would be nearly full, and not on shared memory with a part outside the GPU's reach.
 */
export function shouldMapWeights({ placement, offer }: Candidate, { ram, devices }: Machine): boolean {
  const isUnified = devices.some((device) => device.isUnified)
  if (isUnified && placement.mode !== 'gpu') return false
  if (placement.diskBytes > 0) return true
  const taken = placement.mode === 'gpu' && !isUnified ? offer.weightBytes : placement.hostBytes
  return ram.availableBytes - taken >= Math.max(AMPLE_BYTES, AMPLE_SHARE * ram.totalBytes)
}
