import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chain } from '../../../engine/answer.ts'
import { toolCallGrammar } from '../../../engine/prompt/grammar.ts'
import { compileTemplate } from '../../../engine/prompt/template.ts'
import { thinkingSplitter } from '../../../engine/prompt/thinking.ts'
import { thinkingTags } from '../../../engine/prompt/thinking-tags.ts'
import { toolCallFormat } from '../../../engine/prompt/tool-call-format.ts'
import { toolCallParser } from '../../../engine/prompt/tool-calls.ts'
import type { Message } from '../../../engine/types.ts'
import { CALLS, cuttings, type PlainCall, read, TOOLS } from './call-round-trip.ts'
import { readGbnf } from './grammar/gbnf-matcher.ts'

/** Templates that models ship with. They are not part of this repository. */
const FOLDER = new URL('../../../../shared/data/templates/', import.meta.url)
const NAMES = existsSync(FOLDER)
  ? readdirSync(FOLDER).flatMap((file) => (file.endsWith('.jinja') ? [file.slice(0, -'.jinja'.length)] : []))
  : []

/** What templates cannot do, by the beginning of their names. */
const PRINT_NO_CALLS: Record<string, string> = {
  'HuggingFaceTB-SmolLM3': 'prints content only',
  LFM2: 'prints content only',
  'google-gemma-2': 'knows no tools',
  'ibm-granite-granite-3.3': 'prints content only',
  'microsoft-Phi-3.5': 'knows no tools',
  'fireworks-ai-llama-3-firefunction': 'wants variables that only its maker sets',
}
const ONE_CALL: Record<string, string> = {
  GigaChat3: 'prints the first call only',
  'meta-llama-Llama-3.1': 'raises on more than one call',
  'openai-gpt-oss': 'prints the first call only',
}
const SORTED_KEYS: Record<string, string> = { 'google-gemma-4': 'prints arguments in alphabetical order' }
const OTHER_THAN_WRITTEN: Record<string, string> = {
  'openai-gpt-oss': 'prints calls in another order than the model writes them, which the grammar follows',
}
const OTHER_NESTED: Record<string, string> = {
  'Reka-Edge': 'escapes an emoji as two halves, which the grammar of JSON never lets through',
  'ByteDance-Seed': 'prints lists and objects as Python does; the grammar asks for JSON',
  'google-gemma-4':
    'prints keys without quotes and sorted; the grammar asks for JSON in the order of the schema',
}
const has = (table: Record<string, string>, name: string) =>
  Object.keys(table).some((start) => name.startsWith(start))

const sourceOf = (name: string) => readFileSync(new URL(`${name}.jinja`, FOLDER), 'utf8')

if (NAMES.length === 0) {
  test('calls of real templates are read back where there are some', (context) => {
    context.skip('skipped: no templates next to this repository')
  })
}

const sorted = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(
        Object.entries(value)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([key, item]) => [key, sorted(item)]),
      )
    : value

describe.each(NAMES.filter((name) => !has(PRINT_NO_CALLS, name)))('%s', (name) => {
  const template = sourceOf(name)
  const format = toolCallFormat(template)
  const kinds = (Object.keys(CALLS) as (keyof typeof CALLS)[]).filter(
    (kind) => kind !== 'two' || !has(ONE_CALL, name),
  )

  function render(messages: Message[], addGenerationPrompt: boolean): string {
    return compileTemplate(template).render({
      messages: [{ role: 'user', content: 'q' }, ...messages],
      tools: TOOLS,
      addGenerationPrompt,
      bosToken: '<BOS>',
      eosToken: '<EOS>',
      now: new Date(0),
    })
  }

  /** From where an answer in text would begin, or the calls where they begin before. */
  function printed(calls: readonly PlainCall[]): string {
    const toolCalls = calls.map((call, at) => ({ id: `abcdefgh${at}`, ...call }))
    const answered = render([{ role: 'assistant', content: '', toolCalls }], false)
    const text = render([{ role: 'assistant', content: '§' }], false)
    let same = 0
    while (same < answered.length && answered[same] === text[same]) same++
    const open = answered.lastIndexOf('<', same - 1)
    return answered.slice(open > answered.lastIndexOf('>', same - 1) ? open : same)
  }

  /** What stands around calls, and ends the turn, is not for the grammar. */
  function beginnings(text: string): string[] {
    const starts = [0, text.search(/\S/), text.indexOf(format.triggers.at(-1) ?? '{')]
    return starts.flatMap((start) =>
      Array.from({ length: Math.min(150, text.length) }, (_, cut) => text.slice(start, text.length - cut)),
    )
  }

  test.each(kinds)('%s calls are read back exactly, however they arrive', (kind) => {
    const expected: unknown = has(SORTED_KEYS, name)
      ? CALLS[kind].map((call) => ({ ...call, arguments: sorted(call.arguments) }))
      : CALLS[kind]
    const text = printed(CALLS[kind])
    for (const chunks of cuttings(text)) {
      // As JSON, because the order of keys counts.
      expect(JSON.stringify(read(format, chunks).calls)).toBe(JSON.stringify(expected))
    }
  })

  const tags = thinkingTags(template)

  test.runIf(tags !== undefined)('a call in a thought is thought, and those behind it are read', () => {
    if (tags === undefined) return
    const text = printed(CALLS.plain)
    const thought = `hm ${text.trim().replaceAll(tags.close, '')} ${tags.open.slice(0, -1)} 🦊`
    const turn = (tags.answer?.turn ?? '') + (tags.answer?.open ?? '')
    for (const chunks of cuttings(`${tags.open}${thought}${tags.close}${turn}${text}`)) {
      const parser = chain(
        thinkingSplitter(tags),
        toolCallParser(format, TOOLS, () => 'id'),
      )
      const pieces = [...chunks.flatMap((chunk) => parser.push(chunk)), ...parser.flush()]
      const thinking = pieces.map((piece) => (piece.kind === 'thinking' ? piece.text : '')).join('')
      const calls = pieces.flatMap((piece) => (piece.kind === 'call' ? [piece.call.name] : []))
      expect({ thinking, calls }).toEqual({ thinking: thought, calls: ['get_weather'] })
    }
  })

  test('text that only resembles a call is not eaten', () => {
    const trigger = format.triggers[0] ?? '{'
    const texts = [
      `I would write ${trigger} here, or ${trigger.slice(0, -1)}`,
      `a < b, [1], {"a": {"name": "ping"}} and ${'<'.repeat(20)}`,
      `Use ${trigger}rm and then ${trigger} {"x": 1`,
    ]
    for (const text of texts) {
      for (const chunks of cuttings(text)) expect(read(format, chunks)).toEqual({ text, calls: [] })
    }
  })

  test('the grammar lets calls through as the template prints them, and no others', () => {
    if (has(OTHER_THAN_WRITTEN, name)) return
    const grammar = readGbnf(toolCallGrammar({ tools: TOOLS, choice: 'required', isParallel: true }, format))
    const accepts = (calls: readonly PlainCall[]) =>
      beginnings(printed(calls)).some((text) => grammar.matches(text))
    for (const kind of kinds) {
      if (kind === 'nested' && has(OTHER_NESTED, name)) continue
      if (has(SORTED_KEYS, name) && kind !== 'empty' && kind !== 'two') continue
      expect({ [kind]: accepts(CALLS[kind]) }).toEqual({ [kind]: true })
    }
    const wrong: PlainCall[] = [
      { name: 'rm', arguments: {} },
      { name: 'get', arguments: {} },
      { name: 'get', arguments: { a: 'x' } },
      { name: 'get_weather', arguments: { unit: 'miles' } },
    ]
    expect(wrong.filter((call) => accepts([call]))).toEqual([])
  })
})
