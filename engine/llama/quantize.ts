import { EngineError } from '../errors.ts'
import { checkAbi } from './abi.ts'
import { LOG_LEVEL } from './layout.ts'
import { inBackground, openLibrary } from './library.ts'

/** The message before the one that gives up often says more. */
const KEPT_ERRORS = 3
/** Rows in memory at once. llama.cpp's own 8 GiB are more than small machines have; the result is the same. */
const BUFFER_BYTES = 1024 ** 3

export interface NativeQuantization {
  from: string
  to: string
  /** A number of enum llama_ftype. */
  fileType: number
  threads: number
}

/**
 * Runs `llama_model_quantize` on another thread. `onTensor` gets the name of each tensor when its turn comes;
 * `log` gets warnings and errors. Throws EngineError `quantize_failed` with llama.cpp's own words. There is no
 * way to stop it but ending the process.
 */
export async function quantizeFile(
  { from, to, fileType, threads }: NativeQuantization,
  options: { libraryDir: string; onTensor: (name: string) => void; log: (message: string) => void },
): Promise<void> {
  const library = openLibrary(options.libraryDir)
  checkAbi(library)
  const errors: string[] = []
  library.setLog(
    library.register.log((level, text) => {
      const name = tensorInTurn(text)
      if (name !== undefined) options.onTensor(name)
      const line = text.trim()
      if (line === '' || (level !== LOG_LEVEL.warning && level !== LOG_LEVEL.error)) return
      if (level === LOG_LEVEL.error) errors.push(line)
      options.log(line)
    }),
    null,
  )
  // No compute backends: the conversions are in ggml-base.
  library.initBackend()
  const status = await inBackground(library.quantize)(from, to, {
    ...library.defaultQuantizeParams(),
    ftype: fileType,
    nthread: threads,
    max_buf_size: BUFFER_BYTES,
  })
  if (status === 0) return
  const reason = errors.slice(-KEPT_ERRORS).join('; ')
  throw new EngineError('quantize_failed', `unable to quantize the model: ${reason}`)
}

/** The tensor of a line such as `[  12/ 291] blk.0.attn_q.weight   - [ 256, 256, 1, 1], type = f16, `. */
export const tensorInTurn = (line: string): string | undefined =>
  /^\[ *\d+\/ *\d+\] (\S+) +- \[/.exec(line)?.[1]
