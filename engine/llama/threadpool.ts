import koffi from 'koffi'
import type { Pointer } from './layout.ts'
import type { Library } from './library.ts'

/** struct ggml_threadpool_params: a byte for each of GGML_MAX_N_THREADS cores, then the fields below (ggml/include/ggml.h). */
const CORES = 512
const THREADS_AT = CORES
const POLL_AT = CORES + 8
const PARAMS_BYTES = CORES + 16

/**
 * Compute threads that stay between steps; without them llama.cpp starts new ones for every token. They sleep between
 * two steps: polling gains nothing here, and costs whoever else runs. Undefined where the library does not offer it or
 * has another idea of the parameters; then everything works as before, slower. It lives as long as the process.
 */
export function createThreadpool(library: Library, threads: number): Pointer | undefined {
  if (threads < 2) return undefined
  const create = creatorOf(library)
  if (create === undefined) return undefined
  const params: Pointer = koffi.alloc('uint8_t', PARAMS_BYTES)
  library.initThreadpoolParams(params, threads)
  const view = new DataView(koffi.view(params, PARAMS_BYTES))
  if (view.getInt32(THREADS_AT, true) !== threads) return undefined
  view.setUint32(POLL_AT, 0, true)
  return create(params) ?? undefined
}

/** `ggml_threadpool_new` belongs to the CPU backend, which is chosen when the program runs. */
function creatorOf(library: Library): ((params: Pointer) => Pointer) | undefined {
  for (let i = 0; i < library.deviceCount(); i++) {
    const device = library.device(i)
    if (library.deviceName(device) !== 'CPU') continue
    const address = library.procedure(library.deviceRegistry(device), 'ggml_threadpool_new')
    if (address !== null) return koffi.decode(address, library.threadpoolCreator)
  }
  return undefined
}
