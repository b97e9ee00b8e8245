/** The built server with eight clients while somebody kills the process that holds its model, again and again. */
import { expect, test } from 'vitest'
import { storm } from '../../bench/storm.ts'

test.runIf(process.platform === 'linux')(
  'ollama 168: through 20 kills of the runner every request ends with an answer or Ollama’s error, and nothing is left behind',
  async () => {
    const { violations, outcomes, kills } = await storm(20)
    expect(violations).toEqual([])
    expect(kills).toBe(20)
    expect(outcomes.answered).toBeGreaterThan(0)
    expect(outcomes['cut off']).toBeGreaterThan(0)
  },
  120_000,
)
