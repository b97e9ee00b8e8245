import { stat } from 'node:fs/promises'
import { EngineError } from '../errors.ts'
import { canonicalDigest } from '../store/digest.ts'
import { ifMissing } from '../store/missing.ts'
import type { ModelStore } from '../store/types.ts'

/** How many bytes an uploaded file has. Throws EngineError `create_failed` that names it when it is not there. */
export async function sizeOfUpload(models: ModelStore, file: string, digest: string): Promise<number> {
  const found = await ifMissing(stat(models.blobPath(canonicalDigest(digest))), undefined)
  if (found?.isFile()) return found.size
  throw new EngineError('create_failed', `blob ${digest} of ${file} is missing: upload it first`)
}
