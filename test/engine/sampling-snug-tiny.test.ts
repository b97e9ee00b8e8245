import { expect, test } from 'vitest'
import { parseOptions } from '../../engine/options.ts'
import type { GenerateJob } from '../../engine/types.ts'
import { snugTiny } from '../helpers/snug-tiny.ts'

test('options by their wire names change what the bundled model says, and a seed repeats it', async () => {
  const { engine, model } = await snugTiny()
  const say = async (options: Record<string, unknown>) => {
    const job: GenerateJob = {
      kind: 'generate',
      model,
      rawName: 'snug-tiny',
      prompt: 'Once upon a time',
      raw: true,
      options: parseOptions({ num_predict: 24, seed: 3, ...options }),
      truncate: false,
      shift: false,
    }
    let text = ''
    for await (const event of engine.run(job, new AbortController().signal)) {
      if (event.type === 'text-delta') text += event.text
    }
    return text
  }
  const greedy = await say({ temperature: 0 })
  expect(greedy).not.toBe('')
  for (const options of [
    { temperature: 1.5, top_k: 0, top_p: 1 },
    { temperature: 1.5, mirostat: 1, mirostat_tau: 8 },
    { temperature: 1.5, mirostat: 2, mirostat_tau: 8 },
    { temperature: 1, xtc_probability: 1, xtc_threshold: 0.01 },
    { temperature: 0, repeat_penalty: 1.8 },
    { temperature: 0, dry_multiplier: 100, dry_allowed_length: 0, dry_sequence_breakers: [] },
  ]) {
    const text = await say(options)
    expect(text, JSON.stringify(options)).not.toBe(greedy)
    expect(await say(options)).toBe(text)
  }
  for (const narrow of [
    { top_k: 1 },
    { top_p: 0 },
    { min_p: 1 },
    { top_n_sigma: 1e-6 },
    { typical_p: 1, top_k: 1 },
  ]) {
    expect(await say({ temperature: 1, ...narrow }), JSON.stringify(narrow)).toBe(greedy)
  }
})
