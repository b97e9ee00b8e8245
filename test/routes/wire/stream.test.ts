import { expect, test } from 'vitest'
import { type Encoder, encode } from '../../../routes/wire/stream.ts'

const lines: Encoder<string> = {
  contentType: 'text/plain',
  chunk: (item) => item,
  error: (error) => `error: ${(error as Error).message}`,
}

async function* source(items: string[], fail?: Error) {
  yield* items
  if (fail !== undefined) throw fail
}

async function read(items: AsyncIterable<string>) {
  const pieces: string[] = []
  for await (const piece of encode(items, lines)) pieces.push(piece)
  return pieces
}

test('every item becomes a piece of text; empty pieces are not sent', async () => {
  expect(await read(source(['a', '', 'b']))).toEqual(['a', 'b'])
})

test('a failure before the first byte is left to the error handler', async () => {
  await expect(read(source(['', ''], new Error('no')))).rejects.toThrow('no')
})

test('a failure after the first byte is told in the stream, as its last words', async () => {
  expect(await read(source(['a'], new Error('no')))).toEqual(['a', 'error: no'])
})

test('a reader that stops early releases the source', async () => {
  let released = false
  async function* held() {
    try {
      for (;;) yield 'x'
    } finally {
      released = true
    }
  }
  for await (const _piece of encode(held(), lines)) break
  expect(released).toBe(true)
})

test('while the source is silent, a dialect with harmless bytes sends them', async () => {
  let open = () => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  async function* slow() {
    await gate
    yield 'a'
  }
  const encoder = { ...lines, keepAlive: { everyMs: 5, text: '.' } }
  const pieces: string[] = []
  for await (const piece of encode(slow(), encoder)) {
    pieces.push(piece)
    if (pieces.length === 2) open()
  }
  expect(pieces.slice(0, 2)).toEqual(['.', '.'])
  expect(pieces.at(-1)).toBe('a')
})

test('a source that fails while its reader is slow ends the stream, not the process', async () => {
  const unhandled: unknown[] = []
  const note = (reason: unknown) => unhandled.push(reason)
  process.on('unhandledRejection', note)
  let fail = () => {}
  const failing = new Promise<void>((resolve) => {
    fail = resolve
  })
  async function* soonFails() {
    yield 'a'
    await failing
    throw new Error('gone')
  }
  const pieces = encode(soonFails(), { ...lines, keepAlive: { everyMs: 60_000, text: '.' } })
  expect((await pieces.next()).value).toBe('a')
  fail()
  // Node looks for unhandled rejections once the promises of a turn have settled.
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  process.off('unhandledRejection', note)
  expect(unhandled).toEqual([])
  expect((await pieces.next()).value).toBe('error: gone')
})
