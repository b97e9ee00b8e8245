import { describe, expect, test } from 'vitest'
import type { TransferEvent } from '../../../engine/registry/types.ts'
import { toLine } from '../../../routes/ollama/transfer.ts'

const part = { type: 'progress', text: 'pulling 0123', digest: 'sha256:0123', total: 10 } as const

describe('what a transfer reports is a line with the keys clients know', () => {
  test.each<[TransferEvent, object]>([
    [{ type: 'status', text: 'pulling manifest' }, { status: 'pulling manifest' }],
    [
      { ...part, completed: 0 },
      { status: 'pulling 0123', digest: 'sha256:0123', total: 10 },
    ],
    [
      { ...part, completed: 4 },
      { status: 'pulling 0123', digest: 'sha256:0123', total: 10, completed: 4 },
    ],
    [
      { ...part, total: 0, completed: 0 },
      { status: 'pulling 0123', digest: 'sha256:0123' },
    ],
  ])('%j', (event, line) => {
    expect(toLine(event)).toEqual(line)
  })
})
