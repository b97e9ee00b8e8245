import { z } from 'zod'
import type { Config } from '../../config/load.ts'
import { reachableUrl } from '../listen.ts'
import { StartError } from '../start-error.ts'
import { sizeText, table } from './table.ts'

/** A server that is there answers at once: nothing is loaded or computed for this. */
const ANSWER_MS = 5_000

/** What is needed of the answer; a server of Ollama has it too. */
const Loaded = z.object({
  models: z
    .array(
      z.object({
        name: z.string(),
        digest: z.string(),
        size: z.number(),
        size_vram: z.number(),
        context_length: z.number().optional(),
        expires_at: z.string(),
      }),
    )
    .nullish(),
})
type LoadedModel = NonNullable<z.output<typeof Loaded>['models']>[number]

/** `snug ps`: what the running server has in memory, in Ollama's columns. Throws StartError without a server. */
export async function psCommand(
  address: Pick<Config, 'host' | 'port'>,
  signal: AbortSignal,
): Promise<string> {
  const url = reachableUrl(address)
  const { models } = await ask(url, signal)
  const now = Date.now()
  const rows = (models ?? []).map((model) => [
    model.name,
    model.digest.slice(0, 12),
    sizeText(model.size),
    processorText(model),
    String(model.context_length ?? ''),
    untilText(Date.parse(model.expires_at) - now),
  ])
  return table([['NAME', 'ID', 'SIZE', 'PROCESSOR', 'CONTEXT', 'UNTIL'], ...rows])
}

async function ask(url: string, signal: AbortSignal): Promise<z.output<typeof Loaded>> {
  try {
    const reply = await fetch(`${url}/api/ps`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
    })
    if (!reply.ok) throw new Error(`it answered with status ${reply.status}`)
    return Loaded.parse(await reply.json())
  } catch (error) {
    if (signal.aborted) throw error
    const { message, cause } = error as Error
    const why = cause instanceof Error && cause.message !== '' ? cause.message : message
    throw new StartError(`no server answers at ${url} as expected: ${why}. Start one with: snug serve`, {
      cause: error,
    })
  }
}

/** Where the model lies, in the words of Ollama's command (cmd/cmd.go). Exported for its table of cases. */
export function processorText({ size, size_vram: vram }: Pick<LoadedModel, 'size' | 'size_vram'>): string {
  if (vram === 0) return '100% CPU'
  if (vram === size) return '100% GPU'
  if (vram > size || size === 0) return 'Unknown'
  const cpuPercent = Math.round(((size - vram) / size) * 100)
  return `${cpuPercent}%/${100 - cpuPercent}% CPU/GPU`
}

/** Ollama takes what is further away than this for ever. */
const FOREVER_MS = 20 * 365 * 24 * 3_600_000

const UNITS: readonly [name: string, ms: number][] = [
  ['day', 24 * 3_600_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

/** When the model leaves memory, from now on. Exported for its table of cases. */
export function untilText(ms: number): string {
  if (!(ms > 0)) return 'Stopping...'
  if (ms > FOREVER_MS) return 'Forever'
  const [name, unit] = UNITS.find(([, length]) => ms >= length) ?? ['second', 1_000]
  const count = Math.max(1, Math.round(ms / unit))
  return `${count} ${name}${count === 1 ? '' : 's'} from now`
}
