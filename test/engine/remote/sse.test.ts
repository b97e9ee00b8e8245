import { describe, expect, test } from 'vitest'
import { EventTooLongError, eventsIn } from '../../../engine/remote/sse.ts'

async function* bytesOf(chunks: readonly (string | Uint8Array)[]) {
  for (const chunk of chunks) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

async function read(chunks: readonly (string | Uint8Array)[], limit = 1000): Promise<string[]> {
  const events: string[] = []
  for await (const event of eventsIn(bytesOf(chunks), limit)) events.push(event)
  return events
}

describe('events are read', () => {
  test.each([
    ['one', ['data: a\n\n'], ['a']],
    ['without a space', ['data:a\n\n'], ['a']],
    ['with more spaces than one', ['data:  a\n\n'], [' a']],
    ['of several lines', ['data: a\ndata: b\n\n'], ['a\nb']],
    ['with other ends of lines', ['data: a\r\n\r\ndata: b\r\r'], ['a', 'b']],
    ['among comments, names and ids', [': ping\n\nevent: x\nid: 1\nretry: 5\ndata: a\n\n'], ['a']],
    ['with an empty text', ['data\n\n', 'data:\n\n'], ['', '']],
    ['behind a byte order mark', ['\ufeffdata: a\n\n'], ['a']],
    ['that nothing ends', ['data: a\n\ndata: b\n'], ['a']],
    ['but not names that only begin alike', ['dataset: a\n\n'], []],
  ])('%s', async (_, chunks, expected) => {
    expect(await read(chunks)).toEqual(expected)
  })

  test('the same wherever chunks are cut', async () => {
    const bytes = Buffer.from('data: {"a":"é😀"}\r\n\r\n: x\r\ndata: one\r\ndata: two\r\n\r\n')
    for (let at = 0; at <= bytes.length; at++) {
      expect(await read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(['{"a":"é😀"}', 'one\ntwo'])
    }
    expect(await read([...bytes].map((byte) => Uint8Array.of(byte)))).toEqual(['{"a":"é😀"}', 'one\ntwo'])
  })
})

describe('an event without end is given up', () => {
  test.each([
    ['in one line', ['data: ', 'x'.repeat(60), 'x'.repeat(60)]],
    ['in many lines', Array.from({ length: 60 }, () => 'data: x\n')],
    ['in many empty lines', Array.from({ length: 101 }, () => 'data:\n')],
    ['in a comment', [`: ${'x'.repeat(101)}`]],
  ])('%s', async (_, chunks) => {
    await expect(read(chunks, 100)).rejects.toThrow(EventTooLongError)
  })

  test('and no more of it is read', async () => {
    let sent = 0
    async function* endless() {
      for (;;) {
        sent += 1
        yield Buffer.from('data: xxxxxxxxx\n')
      }
    }
    await expect(eventsIn(endless(), 100).next()).rejects.toThrow('an event of more than 100 characters')
    expect(sent).toBeLessThan(12)
  })
})

test('events are taken one at a time', async () => {
  let sent = 0
  async function* source() {
    for (;;) {
      sent += 1
      yield Buffer.from('data: a\n\n')
    }
  }
  const events = eventsIn(source(), 100)
  await events.next()
  await events.next()
  expect(sent).toBe(2)
  await events.return(undefined)
})
