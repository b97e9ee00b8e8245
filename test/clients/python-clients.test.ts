/** The Python clients themselves, where `python3` has them; the requests of the first are in ollama-python.test.ts. */
import { describe, expect, test } from 'vitest'
import { EngineError } from '../../engine/errors.ts'
import { testApp } from '../helpers/app.ts'
import { fixtureWeights } from '../helpers/fixtures.ts'
import { PYTHON_LINE_BREAKS } from '../helpers/python-lines.ts'
import { bytesContent } from '../helpers/registry/content.ts'
import { startRegistry } from '../helpers/registry/server.ts'
import type { Step } from '../helpers/scripted-backend.ts'
import { serve } from '../routes/ollama/serve.ts'
import { fails, handMade, text } from '../routes/openai/hand-made.ts'
import { server } from '../src/spawned.ts'
import { hasPython, runPython } from './python/run.ts'

/** A Python that starts on a busy machine takes its time, and nothing here is measured. */
const PATIENT = { timeout: 120_000 }

describe.skipIf(!hasPython('ollama'))('with the package ollama', PATIENT, () => {
  test('ollama 171: every call resolves on the built server, and 404 is the status of a missing model', async () => {
    const { url } = await server()
    const registry = await startRegistry()
    registry.publish('library/new', [{ kind: 'model', content: bytesContent(fixtureWeights({})) }])
    const paris = 'The capital of France is Paris.'
    expect(await runPython('ollama-calls.py', [url, registry.host])).toEqual({
      names: ['snug-tiny:latest'],
      show: [expect.arrayContaining(['completion', 'tools']), 'llama', true],
      chat: [paris, paris, 'stop'],
      generate: [paris, paris, 'stop'],
      ps: ['snug-tiny:latest', true, true],
      tools: ['Sunny in Oslo, 20 degrees', expect.stringContaining('Oslo')],
      embed: [256, 256, 16, 256],
      create: ['success', 'success', 'one:latest', ['one:latest', 'snug-tiny:latest', 'two:latest']],
      copy: ['success', true, 'success', false],
      pull: ['success', 'success', true],
      missing: Object.fromEntries(
        ['show', 'chat', 'chat stream', 'generate', 'generate stream', 'embed', 'copy', 'delete'].map(
          (call) => [call, 404],
        ),
      ),
    })
  })

  test('ollama 171: a stream may hold any line break, and one that is closed or cancelled stops generation', async () => {
    const steps = PYTHON_LINE_BREAKS.map((character) => `a${character}b`)
    const endless: Step[] = ['a', { waitMs: 60_000 }]
    const { url, backend } = await serve({
      models: ['msg'],
      script: { answers: [{ steps }, { steps: endless }] },
    })
    expect(await runPython('ollama-streams.py', [await url()])).toBe(steps.join(''))
    // The second and the third would have waited a minute.
    await expect.poll(() => backend.endings, { timeout: 10_000 }).toHaveLength(3)
  })
})

describe.skipIf(!hasPython('openai'))('with the package openai', PATIENT, () => {
  const callText = (city: string) =>
    `<tool_call>\n${JSON.stringify({ name: 'get_weather', arguments: { city } })}\n</tool_call>`
  const answering = async (...steps: Step[]) =>
    (await testApp({ models: ['tiny', 'tool'], script: { answers: [{ steps }] } })).url()

  test('openai 72, 76, 77 and 86: its stream helper adds up texts and calls, and raises failures', async () => {
    const run = fails(new EngineError('runner_died', 'the runner is gone'), { type: 'started' }, text('a'))
    const urls = [
      await answering('Hel', 'lo'),
      await answering(callText('Paris')),
      await answering(callText('Paris'), callText('Rome')),
      await handMade(run).url(),
    ]
    expect(await runPython('openai-chats.py', urls)).toEqual([
      ['assistant', 'Hello', 'stop'],
      [[{ city: 'Paris' }], 'tool_calls'],
      [[{ city: 'Paris' }, { city: 'Rome' }], 'tool_calls'],
      ['APIError', expect.stringContaining('the runner is gone')],
    ])
  })
})
