import { expect, test } from 'vitest'
import type { TransferEvent } from '../../engine/registry/types.ts'
import { createProgress } from '../../src/progress.ts'

const bytes = (completed: number): TransferEvent => ({
  type: 'progress',
  text: 'hashing a.gguf',
  digest: '',
  total: 200,
  completed,
})
const EVENTS: TransferEvent[] = [
  { type: 'status', text: 'parsing GGUF' },
  bytes(0),
  bytes(100),
  bytes(200),
  { type: 'status', text: 'success' },
]

function shown(isTTY: boolean, columns = 60): string {
  let text = ''
  const progress = createProgress({ isTTY, columns, write: (piece: string) => (text += piece) })
  for (const event of EVENTS) progress.show(event)
  progress.end()
  return text
}

test('without a terminal each step is one line', () => {
  expect(shown(false)).toBe('parsing GGUF\nhashing a.gguf\nsuccess\n')
})

test('on a terminal a long step has a bar that grows in its line', () => {
  const [first, bars, last] = shown(true).split('\n')
  expect([first, last]).toEqual(['parsing GGUF', 'success'])
  const frames = (bars ?? '').split('\r').slice(1)
  expect(frames.map((frame) => /(\d+) %/.exec(frame)?.[1])).toEqual(['0', '50', '100'])
  expect(frames.map((frame) => frame.split('█').length - 1)).toEqual([0, 12, 24])
  expect(frames.every((frame) => frame.startsWith('hashing a.gguf ') && frame.endsWith('\u001b[K'))).toBe(
    true,
  )
})

test('a bar never wraps', () => {
  for (const frame of shown(true, 44).split('\r').slice(1)) {
    expect(frame.split('\u001b')[0]?.length).toBeLessThan(44)
  }
})

test('a bar that is left open is ended', () => {
  let text = ''
  const progress = createProgress({ isTTY: true, columns: 60, write: (piece: string) => (text += piece) })
  progress.show(bytes(1))
  progress.end()
  progress.end()
  expect(text.endsWith('\u001b[K\n')).toBe(true)
})
