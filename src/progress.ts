const BAR_COLUMNS = 24
const FEWEST_COLUMNS = 40

/** A step, or how far it has come. */
export type ShownEvent =
  | { type: 'status'; text: string }
  | { type: 'progress'; text: string; completed: number; total: number }

export interface Progress {
  show(event: ShownEvent): void
  /** Ends the line of a bar that is still open. */
  end(): void
}

/** Where progress is written: stderr, or what a test puts in its place. */
export interface ProgressOutput {
  isTTY?: boolean
  columns?: number
  write(text: string): unknown
}

/** Steps as lines, each once; on a terminal the line of a long one has a bar that grows. */
export function createProgress(output: ProgressOutput): Progress {
  let last: string | undefined
  let isBarOpen = false
  const end = () => {
    if (isBarOpen) output.write('\n')
    isBarOpen = false
  }
  return {
    show(event) {
      if (event.type === 'progress' && output.isTTY === true) {
        if (event.text !== last) end()
        output.write(`\r${withBar(event, output.columns ?? FEWEST_COLUMNS)}\u001b[K`)
        isBarOpen = true
      } else if (event.text !== last) {
        end()
        output.write(`${event.text}\n`)
      }
      last = event.text
    },
    end,
  }
}

function withBar(
  { text, completed, total }: Extract<ShownEvent, { type: 'progress' }>,
  columns: number,
): string {
  const fraction = total > 0 ? Math.min(1, completed / total) : 1
  const filled = Math.round(fraction * BAR_COLUMNS)
  const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_COLUMNS - filled)}`
  const tail = ` ${bar} ${String(Math.floor(fraction * 100)).padStart(3)} %`
  const room = Math.max(columns, FEWEST_COLUMNS) - tail.length - 1
  return text.slice(0, room) + tail
}
