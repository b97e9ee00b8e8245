import { randomUUID } from 'node:crypto'
import { appendFile, open, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { QuantizeJob } from '../backend.ts'
import { EngineError } from '../errors.ts'
import { FILE_TYPES } from '../gguf/file-type.ts'
import { readGgufFile, readGgufHandle } from '../gguf/read.ts'
import type { GgufHeader } from '../gguf/types.ts'
import { cancelled, runOneShot } from './one-shot.ts'
import { isQuantizeReport, type QuantizeProgress, type QuantizeRequest } from './quantize-protocol.ts'

export interface QuantizeOptions {
  /** 0 chooses by the machine. */
  threads: number
  libraryDir: string | undefined
  /** The child's whole environment. */
  environment: Record<string, string>
  signal: AbortSignal
  onProgress: (fraction: number) => void
  log: (message: string) => void
}

/** Types without blocks. Everything else has lost precision that no other type brings back. */
const UNQUANTIZED = new Set(['F64', 'F32', 'F16', 'BF16', 'I8', 'I16', 'I32', 'I64'])
/** llama.cpp aligns to this but repeats the source's own claim, so that any other gives a file nobody can read. */
const WRITTEN_ALIGNMENT = 32
/** Enough to run into a limit on the disk that the last write has run into. */
const PROBE_BYTES = 64 * 1024

/**
 * Quantizes a file in a child process of its own; see `Backend.quantize` for what a caller may rely on. The
 * new file grows under a temporary name that the models folder is swept of.
 */
export async function quantizeInChild(
  job: QuantizeJob,
  options: QuantizeOptions,
): Promise<{ bytes: number }> {
  options.signal.throwIfAborted()
  const source = await readSource(job.from)
  const temporary = join(dirname(job.to), `tmp-${randomUUID()}`)
  await reserve(temporary).catch(refuse('unable to write the quantized model'))
  try {
    const { libraryDir, threads } = options
    const request: QuantizeRequest = {
      type: 'quantize',
      from: job.from,
      to: temporary,
      fileType: FILE_TYPES[job.type].id,
      threads,
      ...(libraryDir === undefined ? {} : { libraryDir }),
    }
    await runChild(request, options, progressOver(source, options.onProgress))
    const bytes = await settle(temporary).catch(refuse('unable to write the quantized model'))
    if (options.signal.aborted) throw cancelled()
    await rename(temporary, job.to).catch(refuse('unable to write the quantized model'))
    options.onProgress(1)
    return { bytes }
  } finally {
    await rm(temporary, { force: true })
  }
}

/** The header of a file that llama.cpp can quantize. */
async function readSource(path: string): Promise<GgufHeader> {
  const source = await readGgufFile(path).catch(refuse('unable to quantize the model'))
  if (source.tensors.some(({ type }) => !UNQUANTIZED.has(type))) {
    // Ollama's words (server/create.go).
    throw new EngineError('quantize_failed', 'quantization is only supported for F16, BF16 and F32 models')
  }
  const alignment = source.metadata.get('general.alignment') ?? WRITTEN_ALIGNMENT
  if (alignment !== WRITTEN_ALIGNMENT) {
    throw new EngineError(
      'quantize_failed',
      `unable to quantize the model: its tensors are aligned to ${alignment} bytes, llama.cpp writes ${WRITTEN_ALIGNMENT}`,
    )
  }
  return source
}

const refuse = (what: string) => (cause: Error) => {
  throw new EngineError('quantize_failed', `${what}: ${cause.message}`, { cause })
}

/** Refuses a folder that cannot be written to before any work is done; C++ streams do not say why. */
async function reserve(path: string): Promise<void> {
  const file = await open(path, 'wx', 0o644)
  await file.close()
}

/** A function that turns the names of tensors, as their turns come, into the fraction of bytes behind them. */
function progressOver(
  { tensors }: GgufHeader,
  onProgress: (fraction: number) => void,
): (name: string) => void {
  const sizes = new Map(tensors.map(({ name, bytes }) => [name, bytes]))
  const total = tensors.reduce((sum, { bytes }) => sum + bytes, 0)
  let finished = 0
  let current = 0
  return (name) => {
    finished += current
    current = sizes.get(name) ?? 0
    // A name counts once.
    sizes.delete(name)
    onProgress(finished / total)
  }
}

function runChild(
  request: QuantizeRequest,
  { environment, signal, log }: QuantizeOptions,
  onTensor: (name: string) => void,
): Promise<void> {
  return runOneShot<QuantizeProgress>({
    entry: 'quantize-child',
    environment,
    request,
    isReport: isQuantizeReport,
    onReport: (report) => {
      if (report.type === 'log') log(report.message)
      else if (!signal.aborted) onTensor(report.name)
    },
    onStderr: (text) => log(text.trim()),
    died: (detail) =>
      new EngineError(
        'quantize_failed',
        `the process that quantizes the model has unexpectedly stopped: ${detail}`,
      ),
    signal,
  }).catch(async (error: EngineError) => {
    throw await explained(error, request.to)
  })
}

/** What C++ calls an iostream error has a reason, which the system tells whoever writes once more. */
async function explained(error: EngineError, output: string): Promise<EngineError> {
  if (!error.message.includes('iostream')) return error
  try {
    await appendFile(output, Buffer.alloc(PROBE_BYTES))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    return new EngineError('quantize_failed', `unable to write the quantized model: ${reason}`, { cause })
  }
  return error
}

/** Checks that the file is whole and on disk; its size. */
async function settle(path: string): Promise<number> {
  const file = await open(path, 'r+')
  try {
    await readGgufHandle(file)
    const { size } = await file.stat()
    await file.sync()
    return size
  } finally {
    await file.close()
  }
}
