/** Prompts scored by the real engine with the bundled model, as evaluation harnesses ask for it. */
import { expect, onTestFinished, test } from 'vitest'
import { buildApp } from '../../src/app.ts'
import { snugTiny } from '../helpers/snug-tiny.ts'
import { NO_PULLS, NO_REGISTRIES } from '../helpers/store.ts'

interface Choice {
  text: string
  finish_reason: string
  logprobs: {
    tokens: string[]
    token_logprobs: (number | null)[]
    top_logprobs: (Record<string, number> | null)[]
    text_offset: number[]
  }
}

async function scorer() {
  const { engine, models, log } = await snugTiny()
  const app = buildApp(
    { emulatedVersion: '0.33.0' },
    { engine, models, registries: NO_REGISTRIES, pulls: NO_PULLS, logger: log },
  )
  onTestFinished(() => app.close())
  return async (fields: object) => {
    const payload = { model: 'snug-tiny', echo: true, logprobs: 1, ...fields }
    const reply = await app.inject({ method: 'POST', url: '/v1/completions', payload })
    expect(reply.statusCode).toBe(200)
    return reply.json<{ choices: Choice[]; usage: object }>()
  }
}

const PROMPT = 'The naïve cat 😀 sat on the mat.'

const sumOf = (numbers: readonly (number | null)[]) => numbers.reduce<number>((sum, n) => sum + (n ?? 0), 0)

test('openai 95: a prompt is echoed with the log-probability of each token, and nothing is generated', async () => {
  const score = await scorer()
  const { choices, usage } = await score({ prompt: PROMPT, max_tokens: 0 })
  const [{ text, finish_reason, logprobs } = { text: '', finish_reason: '', logprobs: undefined }] = choices
  if (logprobs === undefined) throw new Error('there are no log-probabilities')
  expect({ text, finish_reason }).toEqual({ text: PROMPT, finish_reason: 'length' })
  expect(usage).toMatchObject({ prompt_tokens: logprobs.tokens.length, completion_tokens: 0 })
  const [first, ...others] = logprobs.token_logprobs
  expect([first, logprobs.top_logprobs[0]]).toEqual([null, null])
  expect(others.every((logprob) => logprob !== null && logprob <= 0 && logprob > -9999)).toBe(true)
  // Where a token is whole characters, its offset is where it stands in the text.
  const characters = [...PROMPT]
  for (const [i, token] of logprobs.tokens.entries()) {
    const at = logprobs.text_offset[i] ?? -1
    if (!token.includes('\uFFFD') && !token.startsWith('<'))
      expect(characters.slice(at, at + [...token].length).join('')).toBe(token)
  }
})

test('openai 95: a text the model would write itself is likelier than nonsense', async () => {
  const score = await scorer()
  const own = await score({ prompt: 'Once upon a time', max_tokens: 24, temperature: 0 })
  const text = own.choices[0]?.text ?? ''
  const per = async (prompt: string) => {
    const { choices } = await score({ prompt, max_tokens: 0 })
    const logprobs = choices[0]?.logprobs.token_logprobs ?? []
    return sumOf(logprobs) / logprobs.length
  }
  expect(await per(text)).toBeGreaterThan((await per([...text].toReversed().join(''))) + 1)
})

test('openai 95: scores of an answer are the same when it comes back as part of a prompt', async () => {
  const score = await scorer()
  const { choices } = await score({ prompt: PROMPT, max_tokens: 8, temperature: 0 })
  const [said] = choices
  const again = await score({ prompt: said?.text, max_tokens: 0 })
  const [read] = again.choices
  // The same text may be written in other tokens; these are not.
  expect(read?.logprobs.tokens).toEqual(said?.logprobs.tokens)
  for (const [i, logprob] of (read?.logprobs.token_logprobs ?? []).entries())
    expect(logprob ?? 0).toBeCloseTo(said?.logprobs.token_logprobs[i] ?? 0, 1)
})
