import { expect, test } from 'vitest'
import { toolCallFormat } from '../../../engine/prompt/tool-call-format.ts'
import { read } from './call-round-trip.ts'
import { CALL_SHAPES } from './call-shapes.ts'

const shape = (name: string) => toolCallFormat(CALL_SHAPES.find((each) => each.name === name)?.template ?? '')
const times = (text: string, length: number) => text.repeat(Math.ceil(length / text.length))

/** Long answers of every kind of trouble, for each way of writing arguments. */
const ANSWERS: readonly (readonly [name: string, shape: string, answer: (length: number) => string])[] = [
  [
    'a long string in JSON',
    'Hermes',
    (n) =>
      `<tool_call>\n{"name": "get_weather", "arguments": {"city": "${times('x{"'.replace('"', '\\"'), n)}"}}\n</tool_call>`,
  ],
  ['tags begun and never ended', 'Hermes', (n) => times('<tool_call', n)],
  ['tags around nothing', 'Hermes', (n) => times('<tool_call>x</tool_call>', n)],
  [
    'a long value between tags',
    'function tags around parameter tags',
    (n) =>
      `<tool_call>\n<function=get_weather>\n<parameter=city>\n${times('</parameter <', n)}\n</parameter>\n</function>\n</tool_call>`,
  ],
  [
    'a long list between tags',
    'keys and values in turn',
    (n) =>
      `<tool_call>get_weather\n<arg_key>tags</arg_key>\n<arg_value>[${times('"</arg_value>", ', n)}""]</arg_value>\n</tool_call>`,
  ],
  [
    'many arguments',
    'invocations in a section',
    (n) =>
      `<m:tool_call>\n<invoke name="get_weather">\n${times('<parameter name="city">x</parameter>\n', n)}</invoke>\n</m:tool_call>`,
  ],
  [
    'keys that are never closed',
    'function tags around parameter tags',
    (n) => `<tool_call>\n<function=get_weather>\n${times('<parameter=', n)}`,
  ],
  [
    'a call begun again and again',
    'function tags around parameter tags',
    (n) => times('<tool_call>\n<function=get_weather>\n<', n),
  ],
  [
    'a long Python string',
    'Python calls in a list between tags',
    (n) => `<|tool_call_start|>[get_weather(city="${times('(\\"', n)}")]<|tool_call_end|>`,
  ],
  [
    'a long string in quotes of its own',
    'quotes of the model itself',
    (n) => `<|tool_call>call:get_weather{city:<|"|>${times('{<|"', n)}<|"|>}<tool_call|>`,
  ],
  [
    'bare JSON that never ends',
    'bare JSON',
    (n) => `{"name": "get_weather", "parameters": {"city": "${times('{', n)}`,
  ],
  ['white space where a call should be', 'keys and values in turn', (n) => `<tool_call>${times(' ', n)}get`],
  ['many calls', 'a bare list of Python calls', (n) => `[${times('ping(), ', n)}ping()]`],
]

/** Processor time, the best of some runs: what else the machine does only makes them slower. */
function costMs(name: string, answer: string): number {
  const chunks = answer.match(/[\s\S]{1,64}/g) ?? []
  const format = shape(name)
  const runs = Array.from({ length: 2 }, () => {
    const before = process.cpuUsage()
    read(format, chunks)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return Math.min(...runs)
}

test.each(ANSWERS)(
  '%s cost no more than in proportion',
  (_, name, answer) => {
    // Four times the text takes four times as long; anything quadratic takes sixteen times.
    const ratio = () => costMs(name, answer(1_000_000)) / costMs(name, answer(250_000))
    let best = ratio()
    for (let tries = 0; best > 7 && tries < 4; tries++) best = Math.min(best, ratio())
    expect(best).toBeLessThanOrEqual(7)
  },
  60_000,
)
