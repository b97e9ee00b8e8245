import { describe, expect, test } from 'vitest'
import { lateCallGrammar, toolCallGrammar } from '../../../engine/prompt/grammar.ts'
import { compileTemplate } from '../../../engine/prompt/template.ts'
import { toolCallFormat } from '../../../engine/prompt/tool-call-format.ts'
import type { Message } from '../../../engine/types.ts'
import { CALLS, cuttings, type PlainCall, read, TOOLS } from './call-round-trip.ts'
import { CALL_SHAPES, type CallShape } from './call-shapes.ts'
import { readGbnf } from './grammar/gbnf-matcher.ts'

/** What the template prints for an answer with these calls, without what it prints around every answer. */
function printed({ template, end }: CallShape, calls: readonly PlainCall[], content = ''): string {
  const toolCalls = calls.map((call, at) => ({ id: `abcdefgh${at}`, ...call }))
  const render = (messages: Message[], addGenerationPrompt: boolean) =>
    compileTemplate(template).render({
      messages: [{ role: 'user', content: 'q' }, ...messages],
      tools: TOOLS,
      addGenerationPrompt,
      now: new Date(0),
    })
  const asked = render([], true)
  const answered = render([{ role: 'assistant', content, toolCalls }], false)
  expect(answered.slice(0, asked.length)).toBe(asked)
  expect(answered.slice(-end.length)).toBe(end)
  return answered.slice(asked.length, -end.length)
}

/** The same without the ending of a text that is not there. */
const printedCalls = (shape: CallShape, calls: readonly PlainCall[]) =>
  printed(shape, calls).slice(shape.ending?.length ?? 0)

const grammarOf = (shape: CallShape, isParallel = true) =>
  readGbnf(toolCallGrammar({ tools: TOOLS, choice: 'required', isParallel }, toolCallFormat(shape.template)))

const kinds = Object.keys(CALLS) as (keyof typeof CALLS)[]
const printable = ({ single }: CallShape) => kinds.filter((kind) => single === undefined || kind !== 'two')

describe.each(CALL_SHAPES)('$name', (shape) => {
  const format = toolCallFormat(shape.template)

  test.each(printable(shape))('%s calls are read back exactly, however they arrive', (kind) => {
    const text = printed(shape, CALLS[kind])
    for (const chunks of cuttings(text)) {
      // As JSON, because the order of keys counts.
      expect(JSON.stringify(read(format, chunks))).toBe(JSON.stringify({ text: '', calls: CALLS[kind] }))
    }
  })

  test('text before a call is passed on, and no part of the marks is', () => {
    if (format.triggers.length === 0) return
    const text = printed(shape, CALLS.plain, 'Let me look.')
    for (const chunks of cuttings(text)) expect(read(format, chunks).text.trim()).toBe('Let me look.')
  })

  test('text that only resembles a call is not eaten', () => {
    const whole = printed(shape, CALLS.plain)
    const trigger = format.triggers[0] ?? '{'
    const texts = [
      `I would write ${trigger} here, or ${trigger.slice(0, -1)}`,
      whole.slice(0, Math.floor(whole.length / 2)),
      whole.replaceAll('get_weather', 'get_weather_2'),
      whole.replaceAll('get_weather', 'rm'),
      `a < b, [1], {"a": {"name": "ping"}} and ${'<'.repeat(20)}`,
    ]
    for (const text of texts) {
      expect(read(format, [text])).toEqual({ text, calls: [] })
      expect(read(format, [...text])).toEqual({ text, calls: [] })
    }
  })

  test('the grammar lets calls through as the template prints them, and no others', () => {
    const grammar = grammarOf(shape)
    const accepted = printable(shape).filter((kind) => grammar.matches(printedCalls(shape, CALLS[kind])))
    const expected = printable(shape).filter(
      (kind) =>
        (kind !== 'nested' || shape.nested === undefined) && (kind === 'empty' || !isStringOfJson(shape)),
    )
    expect(accepted).toEqual(expect.arrayContaining(isStringOfJson(shape) ? [] : expected))
    const wrong: PlainCall[] = [
      { name: 'rm', arguments: {} },
      { name: 'get', arguments: {} },
      { name: 'get', arguments: { a: 'x' } },
      { name: 'get_weather', arguments: { unit: 'miles' } },
      { name: 'get_weather', arguments: { count: 1.5 } },
      { name: 'get_weather', arguments: { other: 1 } },
    ]
    expect(wrong.filter((call) => grammar.matches(printedCalls(shape, [call])))).toEqual([])
  })

  test('one call is all there may be when calls are not parallel', () => {
    if (shape.single !== undefined || isStringOfJson(shape)) return
    const grammar = grammarOf(shape, false)
    expect(grammar.matches(printedCalls(shape, CALLS.plain))).toBe(true)
    expect(grammar.matches(printedCalls(shape, CALLS.two))).toBe(false)
  })

  test('a grammar that waits for the first mark lets through what follows it', () => {
    const trigger = format.triggers.at(-1)
    if (trigger === undefined || isStringOfJson(shape)) return
    const text = printedCalls(shape, CALLS.plain)
    const behind = text.slice(text.indexOf(trigger) + trigger.length)
    const late = readGbnf(lateCallGrammar({ tools: TOOLS, choice: 'auto', isParallel: true }, format))
    expect(late.matches(behind)).toBe(true)
    expect(late.matches(behind.replace('get_weather', 'rm'))).toBe(false)
  })
})

/** The grammar writes the object itself there, which is read just the same. */
const isStringOfJson = ({ name }: CallShape): boolean => name === 'arguments as a string of JSON'
