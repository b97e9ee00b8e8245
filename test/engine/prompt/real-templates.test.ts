import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileTemplate } from '../../../engine/prompt/template.ts'
import { toolCallFormat } from '../../../engine/prompt/tool-call-format.ts'
import { toolCallParser } from '../../../engine/prompt/tool-calls.ts'
import type { Message, Tool } from '../../../engine/types.ts'

/** Templates that models ship with, and what Python's Jinja2 makes of them. They are not part of this repository. */
const FOLDER = new URL('../../../../shared/data/templates/', import.meta.url)
const NAMES = existsSync(FOLDER)
  ? readdirSync(FOLDER).flatMap((file) => (file.endsWith('.jinja') ? [file.slice(0, -'.jinja'.length)] : []))
  : []

interface Conversation {
  messages: Record<string, unknown>[]
  tools?: Tool[]
  add_generation_prompt?: boolean
  enable_thinking?: boolean
}

const read = (file: string) => readFileSync(new URL(file, FOLDER), 'utf8')
const conversations = (): Record<string, Conversation> => JSON.parse(read('_cases.json'))

function toMessage(message: Record<string, unknown>): Message {
  const calls = message.tool_calls as
    | { id: string; function: { name: string; arguments: object } }[]
    | undefined
  const optional = {
    thinking: message.reasoning_content,
    toolName: message.name,
    toolCallId: message.tool_call_id,
    toolCalls: calls?.map((call) => ({
      id: call.id,
      name: call.function.name,
      arguments: call.function.arguments,
    })),
  }
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined))
  return { role: String(message.role), content: String(message.content), ...given }
}

function render(template: string, { messages, tools, add_generation_prompt, enable_thinking }: Conversation) {
  return compileTemplate(template).render({
    messages: messages.map(toMessage),
    ...(tools === undefined ? {} : { tools }),
    addGenerationPrompt: add_generation_prompt ?? true,
    enableThinking: enable_thinking,
    bosToken: '<BOS>',
    eosToken: '<EOS>',
    now: new Date(2026, 0, 2, 3, 4, 5),
  })
}

/** Families whose calls the parser reads back; the others print none, or in a syntax of their own. */
const READABLE =
  /^(Apertus|Bielik|ByteDance|Cohere|GLM|MiMo|MiniMax|NVIDIA|Nous|Qwen|Reka|StepFun|deepseek|llama-cpp|meetkai|mistralai|moonshot|unsloth|upstage)/

if (NAMES.length === 0) {
  test('renderings by Python are compared where there are some', (context) => {
    context.skip('skipped: no reference renderings next to this repository')
  })
}

describe.each(NAMES)('%s', (name) => {
  const template = read(`${name}.jinja`)
  const expected: Record<string, { text?: string; error?: string }> = JSON.parse(read(`${name}.json`))

  test('reads as Python renders it', () => {
    for (const [title, conversation] of Object.entries(conversations())) {
      // Where the template raises, the conversation is adapted: other tests say how.
      const text = expected[title]?.text
      if (text !== undefined) expect({ [title]: render(template, conversation) }).toEqual({ [title]: text })
    }
  })

  if (!READABLE.test(name)) return

  test('calls it prints are read back', () => {
    const { messages = [], tools = [] } = {
      ...conversations().tool_call_result,
      ...{ tools: conversations().tools?.tools },
    }
    const [question = {}, call = {}] = messages
    const asked = render(template, { messages: [question], tools })
    const answered = render(template, { messages: [question, call], tools, add_generation_prompt: false })
    let same = 0
    while (same < asked.length && asked[same] === answered[same]) same++
    // Two tags may begin alike.
    const start =
      answered.lastIndexOf('<', same - 1) > answered.lastIndexOf('>', same - 1)
        ? answered.lastIndexOf('<', same - 1)
        : same
    const parser = toolCallParser(toolCallFormat(template), tools, () => 'id')
    const pieces = [...[...answered.slice(start)].flatMap((char) => parser.push(char)), ...parser.flush()]
    const calls = pieces.flatMap((piece) => (piece.kind === 'call' ? [piece.call] : []))
    expect(calls).toEqual([{ id: 'id', name: 'get_weather', arguments: { city: 'Paris', unit: 'celsius' } }])
  })
})
