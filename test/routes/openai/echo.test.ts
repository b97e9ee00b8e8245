import { expect, test } from 'vitest'
import type { PromptToken } from '../../../engine/types.ts'
import { echoDecoder, echoOffset } from '../../../routes/openai/echo.ts'

const token = (...bytes: number[]): PromptToken => ({
  token: Buffer.from(bytes).toString(),
  bytes,
  logprob: -1,
  alternatives: [],
})
const words = (...texts: string[]) => texts.map((text) => token(...Buffer.from(text)))

test.each([
  [['Say', ' it'], 'Say it', 0],
  [['<s>', 'Say', ' it'], 'Say it', -3],
  [['<s>', ' Say', ' it'], 'Say it', -4],
  [[' Say', ' it'], 'Say it', -1],
  // The first tokens of a longer text.
  [['<s>', 'Say'], 'Say it', -3],
  [['<s>', '<s>', 'x'], '<s>x', -3],
  [['é', 'é'], 'é', -1],
  [['<s>'], '', -3],
  // What the tokenizer has normalised beyond recognition begins where the text does.
  [['other'], 'text', 0],
])('tokens %j of the text %j begin at %j', (texts, text, offset) => {
  expect(echoOffset(words(...texts), text)).toBe(offset)
})

test('the text of tokens begins with them', () => {
  expect(echoOffset(words('<s>', 'Say'), undefined)).toBe(0)
})

test('a character split over two pieces of tokens is whole in the text', () => {
  const [a = 0, b = 0, c = 0, d = 0] = Buffer.from('😀')
  const decode = echoDecoder()
  expect([decode([token(97), token(a, b)]), decode([token(c, d)])]).toEqual(['a', '😀'])
})
