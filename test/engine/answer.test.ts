import { expect, test } from 'vitest'
import { chain, type Parser, plainText, shapeAnswer } from '../../engine/answer.ts'
import type { RunnerEvent } from '../../engine/backend.ts'
import type { ChosenToken, EngineEvent } from '../../engine/types.ts'

const PROMPT: RunnerEvent = { type: 'prompt', promptTokens: 9, cachedTokens: 7, promptMs: 2 }
const END: RunnerEvent = { type: 'end', reason: 'stop', outputTokens: 3, outputMs: 4, tokenIds: [5, 6] }
const said = (text: string, logprobs?: ChosenToken[]): RunnerEvent => ({
  type: 'text',
  text,
  tokens: 1,
  ...(logprobs === undefined ? {} : { logprobs }),
})

async function run(events: RunnerEvent[], parser: Parser = plainText, oneCall = false) {
  let left = events.length
  async function* source() {
    for (const event of events) {
      left -= 1
      yield event
    }
  }
  const shaped = shapeAnswer(source(), parser, oneCall)
  const seen: EngineEvent[] = []
  for (;;) {
    const { value, done } = await shaped.next()
    if (done === true) return { seen, generation: value, left }
    seen.push(value)
  }
}

/** Words in capitals are thoughts, `!` is a call, `?` is held back until the end. */
const parser = (): Parser => {
  let held = ''
  return {
    push(text) {
      if (text === '!') return [{ kind: 'call', call: { id: 'call_1', name: 'f', arguments: {} } }]
      if (text === '?') {
        held += text
        return []
      }
      return [{ kind: text === text.toUpperCase() ? 'thinking' : 'text', text }]
    },
    flush: () => plainText.push(held),
  }
}

test('the numbers of a generation come from the runner', async () => {
  const { seen, generation } = await run([PROMPT, said('a'), said('b'), END])
  expect(seen).toEqual([
    { type: 'text-delta', text: 'a' },
    { type: 'text-delta', text: 'b' },
  ])
  expect(generation).toEqual({
    reason: 'stop',
    promptTokens: 9,
    cachedTokens: 7,
    outputTokens: 3,
    thinkingTokens: 0,
    promptMs: 2,
    outputMs: 4,
    tokenIds: [5, 6],
  })
})

test('thoughts, calls and text are told apart, and calls are numbered', async () => {
  const { seen, generation } = await run([PROMPT, said('HM'), said('!'), said('!'), said('a'), END], parser())
  expect(seen.map((event) => (event.type === 'tool-call' ? event.index : event.type))).toEqual([
    'thinking-delta',
    0,
    1,
    'text-delta',
  ])
  expect(generation.thinkingTokens).toBe(1)
})

test('what a parser held back comes out at the end', async () => {
  const { seen } = await run([PROMPT, said('?'), END], parser())
  expect(seen).toEqual([{ type: 'text-delta', text: '?' }])
})

test('log-probabilities still arrive while text is held back', async () => {
  const logprobs = [{ token: '?', bytes: [63], logprob: -1, alternatives: [] }]
  const { seen } = await run([PROMPT, said('?', logprobs), said('a', logprobs), END], parser())
  expect(seen).toEqual([
    { type: 'text-delta', text: '', logprobs },
    { type: 'text-delta', text: 'a', logprobs },
    { type: 'text-delta', text: '?' },
  ])
})

test('where one call is allowed, generation ends with it', async () => {
  const { seen, generation, left } = await run([PROMPT, said('!'), said('!'), said('a'), END], parser(), true)
  expect(seen).toHaveLength(1)
  expect([generation.reason, generation.outputTokens, left]).toEqual(['stop', 1, 3])
})

test('where one call is allowed, a second one in the same piece is not told', async () => {
  const two: Parser = {
    push: () => [],
    flush: () => [1, 2].map((n) => ({ kind: 'call', call: { id: `call_${n}`, name: 'f', arguments: {} } })),
  }
  const { seen, generation } = await run([PROMPT, said('[..]'), END], two, true)
  expect(seen).toEqual([{ type: 'tool-call', index: 0, call: { id: 'call_1', name: 'f', arguments: {} } }])
  expect(generation.reason).toBe('stop')
})

test('a runner that ends without an end is an error, not an answer', async () => {
  await expect(run([PROMPT, said('a')])).rejects.toThrow('without an end')
})

test('in a chain only text goes on to the second parser', async () => {
  const shout: Parser = {
    push: (text) => [{ kind: 'text', text: `${text}!` }],
    flush: () => [{ kind: 'text', text: '.' }],
  }
  const { seen } = await run([PROMPT, said('HM'), said('a'), said('?'), END], chain(parser(), shout))
  expect(seen.map((event) => ('text' in event ? event.text : ''))).toEqual(['HM', 'a!', '?!', '.'])
})
