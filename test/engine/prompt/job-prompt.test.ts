import { describe, expect, test } from 'vitest'
import { chatPrompt, generatePrompt } from '../../../engine/prompt/job-prompt.ts'
import type { Tool } from '../../../engine/types.ts'
import { chatJob, generateJob, model, say } from './jobs.ts'
import { HERMES, PLAIN, REASONER } from './templates.ts'

const NOW = new Date(2026, 0, 2)
const TURNS = PLAIN.slice(0, PLAIN.indexOf('{%- if add'))
const WEATHER: Tool = { type: 'function', function: { name: 'get_weather' } }
const THINKS = {
  capabilities: ['completion', 'thinking', 'tools'] as ('completion' | 'thinking' | 'tools')[],
}

describe('the prompt of a chat', () => {
  test('ollama 71: is what the template makes of the messages', () => {
    expect(chatPrompt(chatJob(model({ chatTemplate: TURNS }), [say('user', 'Hi')]), NOW).text).toBe(
      '[user] Hi\n',
    )
  })

  test("ollama 72: begins with the model's system text unless the request begins with its own", () => {
    const installed = model({ chatTemplate: TURNS }, { system: 'M' })
    expect(chatPrompt(chatJob(installed, [say('user', 'Hi')]), NOW).text).toBe('[system] M\n[user] Hi\n')
    const own = [say('system', 'R'), say('user', 'Hi')]
    expect(chatPrompt(chatJob(installed, own), NOW).text).toBe('[system] R\n[user] Hi\n')
  })

  test("ollama 73: has the model's own messages before those of the request", () => {
    const installed = model({ chatTemplate: TURNS }, { messages: [say('user', 'a'), say('assistant', 'b')] })
    expect(chatPrompt(chatJob(installed, [say('user', 'c')]), NOW).text).toBe(
      '[user] a\n[assistant] b\n[user] c\n',
    )
  })

  test('ollama 74: two tool messages stay separate', () => {
    const messages = [say('tool', 'a'), say('tool', 'b')]
    expect(chatPrompt(chatJob(model({ chatTemplate: TURNS }), messages), NOW).text).toBe(
      '[tool] a\n[tool] b\n',
    )
  })

  test('openai 52: goes on with an answer that was begun', () => {
    const messages = [say('user', 'q'), say('assistant', 'The answer is')]
    const { text } = chatPrompt(chatJob(model({ chatTemplate: HERMES }), messages), NOW)
    expect(text).toMatch(/<\|im_start\|>assistant\nThe answer is$/)
  })

  test('does not go on with a turn that ended in a call', () => {
    const call = { role: 'assistant', content: '', toolCalls: [{ name: 'f', arguments: {} }] }
    const { text } = chatPrompt(chatJob(model({ chatTemplate: HERMES }), [say('user', 'q'), call]), NOW)
    expect(text).toMatch(/<\|im_end\|>\n<\|im_start\|>assistant\n$/)
  })

  test('is ChatML for a model without any template', () => {
    const messages = [say('system', 's'), say('user', 'u')]
    expect(chatPrompt(chatJob(model(), messages), NOW).text).toBe(
      '<|im_start|>system\ns<|im_end|>\n<|im_start|>user\nu<|im_end|>\n<|im_start|>assistant\n',
    )
  })

  test('counts images', () => {
    const images = [new Uint8Array(1), new Uint8Array(2)]
    const messages = [
      { ...say('user', 'a'), images },
      { ...say('user', 'b'), images },
    ]
    expect(chatPrompt(chatJob(model({ chatTemplate: TURNS }), messages), NOW).imageCount).toBe(4)
  })

  test('a template in Go syntax is used only where it was chosen', () => {
    const both = { goTemplate: 'GO {{ range .Messages }}{{ .Content }}{{ end }}' }
    const prompt = (templatePath: 'go' | 'jinja') =>
      chatPrompt(chatJob(model({ chatTemplate: TURNS }, { ...both, templatePath }), [say('user', 'u')]), NOW)
        .text
    expect([prompt('go'), prompt('jinja')]).toEqual(['GO u', '[user] u\n'])
  })
})

describe('tools', () => {
  const installed = model(
    { chatTemplate: HERMES, namedTemplates: { tool_use: `WITH TOOLS ${HERMES}` } },
    THINKS,
  )
  const plain = model({ chatTemplate: HERMES }, THINKS)

  test('are offered, and their calls looked for', () => {
    const prompt = chatPrompt(chatJob(plain, [say('user', 'u')], { tools: [WEATHER] }), NOW)
    expect(prompt.text).toContain('Tools: {"type": "function", "function": {"name": "get_weather"}}')
    expect(prompt.toolCalls).toMatchObject({ triggers: ['<tool_call>'], close: '</tool_call>' })
  })

  test('openai 55: are not offered when the choice is none', () => {
    const prompt = chatPrompt(
      chatJob(plain, [say('user', 'u')], { tools: [WEATHER], toolChoice: 'none' }),
      NOW,
    )
    expect(prompt.text).not.toContain('Tools:')
    expect(prompt.toolCalls).toBeUndefined()
  })

  test('have a template of their own where the model brings one', () => {
    expect(chatPrompt(chatJob(installed, [say('user', 'u')], { tools: [WEATHER] }), NOW).text).toMatch(
      /^WITH TOOLS/,
    )
    expect(chatPrompt(chatJob(installed, [say('user', 'u')]), NOW).text).not.toMatch(/^WITH TOOLS/)
  })
})

describe('thinking', () => {
  const hermes = model({ chatTemplate: HERMES }, THINKS)
  const reasoner = model({ chatTemplate: REASONER }, THINKS)
  const ask = [say('user', 'u')]
  const tags = { open: '<think>', close: '</think>' }

  test('ollama 83: a model that can think does, and its thoughts are told apart', () => {
    const prompt = chatPrompt(chatJob(hermes, ask), NOW)
    expect(prompt.text).toMatch(/assistant\n$/)
    expect(prompt.thinking).toEqual({ tags, isOpen: false })
  })

  test('ollama 84: a prompt that opens the thought says so', () => {
    const prompt = chatPrompt(chatJob(reasoner, ask), NOW)
    expect(prompt.text).toBe('<user>u<assistant><think>\n')
    expect(prompt.thinking).toEqual({ tags, isOpen: true })
  })

  test('ollama 85: a model that is told not to think is not listened to for thoughts', () => {
    const prompt = chatPrompt(chatJob(hermes, ask, { think: false }), NOW)
    expect(prompt.text).toMatch(/assistant\n<think>\n\n<\/think>\n\n$/)
    expect(prompt.thinking).toBeUndefined()
  })

  test('a thought that the template opens in spite of that is closed', () => {
    const prompt = chatPrompt(chatJob(reasoner, ask, { think: false }), NOW)
    expect(prompt.text).toBe('<user>u<assistant><think>\n\n</think>\n\n')
    expect(prompt.thinking).toBeUndefined()
  })

  test('an answer begun in the middle of a thought goes on in it', () => {
    const messages = [...ask, say('assistant', '<think>first')]
    expect(chatPrompt(chatJob(hermes, messages), NOW).thinking).toEqual({ tags, isOpen: true })
  })

  test('a level is passed on; gpt-oss knows no max', () => {
    const levels = '{{ reasoning_effort }}{{ enable_thinking }}</think>'
    const level = (architecture: string, think: 'low' | 'max' | true) =>
      chatPrompt(chatJob(model({ chatTemplate: levels, architecture }, THINKS), ask, { think }), NOW).text
    expect(level('llama', 'low')).toBe('lowTrue</think>')
    expect(level('llama', 'max')).toBe('maxTrue</think>')
    expect(level('gpt-oss', 'max')).toBe('highTrue</think>')
    expect(level('llama', true)).toBe('True</think>')
  })

  test('a model that cannot think is told nothing about it', () => {
    const prompt = chatPrompt(
      chatJob(model({ chatTemplate: '{{ enable_thinking is defined }}</think>' }), ask),
      NOW,
    )
    expect(prompt).toMatchObject({ text: 'False</think>', thinking: undefined })
  })

  test('old thoughts are taken out of answers for the models trained so', () => {
    const messages = [
      say('user', 'a'),
      say('assistant', '<think>x</think>\n\nb'),
      say('user', 'c'),
      say('assistant', '<think>y</think>d'),
    ]
    const qwen = model({ chatTemplate: TURNS })
    qwen.config.modelFamily = 'qwen3'
    expect(chatPrompt(chatJob(qwen, messages), NOW).text).toBe(
      '[user] a\n[assistant] b\n[user] c\n[assistant] <think>y</think>d',
    )
    expect(chatPrompt(chatJob(model({ chatTemplate: TURNS }), messages), NOW).text).toContain(
      '<think>x</think>',
    )
  })
})

describe('the prompt of a completion', () => {
  const installed = model(
    { chatTemplate: TURNS },
    { system: 'M', messages: [say('user', 'a'), say('assistant', 'b')] },
  )

  test("is a turn after the model's system text and messages", () => {
    expect(generatePrompt(generateJob(installed, 'Hi'), NOW).text).toBe(
      '[system] M\n[user] a\n[assistant] b\n[user] Hi\n',
    )
  })

  test('ollama 41: has the system text of the request in place of that of the model', () => {
    expect(generatePrompt(generateJob(installed, 'Hi', { system: 'B' }), NOW).text).toMatch(/^\[system\] B\n/)
    expect(generatePrompt(generateJob(installed, 'Hi', { system: '' }), NOW).text).not.toContain('[system]')
  })

  test("leaves out the model's messages when the request brings an earlier exchange", () => {
    expect(generatePrompt(generateJob(installed, 'Hi', { context: [1] }), NOW).text).toBe(
      '[system] M\n[user] Hi\n',
    )
  })

  test('ollama 43: is passed on as it is when raw, and without any template', () => {
    expect(generatePrompt(generateJob(installed, 'Hi', { raw: true }), NOW).text).toBe('Hi')
    expect(generatePrompt(generateJob(model(), 'Hi'), NOW).text).toBe('Hi')
  })

  test('ollama 49: stands around the gap when there is a suffix', () => {
    const fim = model({ chatTemplate: TURNS, fillInMiddle: { prefix: '<P>', suffix: '<S>', middle: '<M>' } })
    expect(generatePrompt(generateJob(fim, 'a', { suffix: 'b' }), NOW).text).toBe('<P>a<S>b<M>')
    expect(() => generatePrompt(generateJob(installed, 'a', { suffix: 'b' }), NOW)).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: expect.stringContaining('does not support insert'),
      }),
    )
  })

  test('has its thoughts told apart as in a chat', () => {
    const job = generateJob(model({ chatTemplate: REASONER }, THINKS), 'u')
    expect(generatePrompt(job, NOW).thinking).toMatchObject({ isOpen: true })
  })
})
