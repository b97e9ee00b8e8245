import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { compileTemplate } from '../../../engine/prompt/template.ts'
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
})
