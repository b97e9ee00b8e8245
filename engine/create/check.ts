import { EngineError } from '../errors.ts'
import { parseQuantizationType } from '../quantization.ts'
import { canonicalDigest } from '../store/digest.ts'
import { parseModelName } from '../store/name.ts'
import type { ModelName } from '../store/types.ts'
import { isAutomatic } from './quantize.ts'
import type { CreateRequest } from './types.ts'

/** More than any model is split into. */
const MAX_FILES = 1024

/**
 * Refuses what can be seen to be wrong without looking at any file; the name the model gets. Throws EngineError
 * `bad_request`, `invalid_model_name` or `quantize_failed`.
 */
export function checkRequest(request: CreateRequest): ModelName {
  checkFiles(request.files ?? {})
  checkFiles(request.draftFiles ?? {})
  const hasDraft = Object.keys(request.draftFiles ?? {}).length > 0
  if (request.draftQuantize !== '' && !hasDraft) {
    throw new EngineError('bad_request', '--draft-quantize requires a DRAFT model')
  }
  for (const digest of Object.values(request.adapters ?? {})) canonicalDigest(digest)
  const name = parseModelName(request.name)
  if (name === undefined) throw new EngineError('invalid_model_name', 'invalid model name')
  if (request.from === '' && request.files === undefined) {
    throw new EngineError('bad_request', "neither 'from' or 'files' was specified")
  }
  checkQuantization(request.quantize)
  checkQuantization(request.draftQuantize)
  return name
}

function checkFiles(files: Readonly<Record<string, string>>): void {
  const entries = Object.entries(files)
  if (entries.length > MAX_FILES) {
    throw new EngineError('bad_request', `too many files: ${entries.length} exceeds maximum ${MAX_FILES}`)
  }
  for (const [path, digest] of entries) {
    if (!isRelativePath(path)) throw new EngineError('bad_request', 'file path must be relative')
    canonicalDigest(digest)
  }
}

/** Go's io/fs.ValidPath: no slash at either end, no empty part, no dots that walk. */
const isRelativePath = (path: string): boolean =>
  !path.includes('\0') && path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')

function checkQuantization(type: string): void {
  if (type !== '' && !isAutomatic(type)) parseQuantizationType(type)
}
