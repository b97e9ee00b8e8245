import { expect, test } from 'vitest'
import type { Message } from '../../../engine/types.ts'
import { Messages, toMessages } from '../../../routes/openai/message.ts'

const PNG = Buffer.from('png-bytes').toString('base64')

/** What the engine gets for messages as a client writes them. */
const read = (...wire: unknown[]): Message[] => toMessages(Messages.parse(wire))
const fault = (...wire: unknown[]): string | undefined => Messages.safeParse(wire).error?.issues[0]?.message

test('developer is another word for system', () => {
  expect(read({ role: 'developer', content: 'be brief' })).toEqual([{ role: 'system', content: 'be brief' }])
})

test('an unknown role is refused', () => {
  expect(Messages.safeParse([{ role: 'wizard', content: 'x' }]).success).toBe(false)
})

test('text parts become one text, a line each', () => {
  const content = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ]
  expect(read({ role: 'user', content })).toEqual([{ role: 'user', content: 'a\nb' }])
})

test('null content is empty content', () => {
  expect(read({ role: 'assistant', content: null })).toEqual([{ role: 'assistant', content: '' }])
})

test('absent content is empty content', () => {
  expect(read({ role: 'assistant' })).toEqual([{ role: 'assistant', content: '' }])
})

test('a refusal part of an earlier answer is text', () => {
  const content = [{ type: 'refusal', refusal: 'no' }]
  expect(read({ role: 'assistant', content })[0]?.content).toBe('no')
})

test('openai 44: an image keeps its place between texts', () => {
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } }
  const [message] = read({
    role: 'user',
    content: [{ type: 'text', text: 'a' }, image, { type: 'text', text: 'b' }],
  })
  expect(message?.content).toBe('a[img]b')
  expect(message?.images?.map((bytes) => Buffer.from(bytes).toString())).toEqual(['png-bytes'])
})

test('openai 44: an image URL may be bare', () => {
  const [message] = read({
    role: 'user',
    content: [{ type: 'image_url', image_url: `data:image/webp;base64,${PNG}` }],
  })
  expect(message?.images).toHaveLength(1)
})

test('a tool may answer with an image', () => {
  const [message] = read({
    role: 'tool',
    tool_call_id: 'c',
    content: [{ type: 'image_url', image_url: `data:;base64,${PNG}` }],
  })
  expect(message?.images).toHaveLength(1)
})

test.each([
  ['HTTP://x/y.png', 'image URLs are not currently supported, please use base64 encoded data instead'],
  ['https://x/y.png', 'image URLs are not currently supported, please use base64 encoded data instead'],
  ['data:image/png;base64,!!!', 'invalid image input'],
  [`data:image/svg+xml;base64,${PNG}`, 'invalid image input'],
  ['file:///etc/passwd', 'invalid image input'],
])('image %s is refused', (url, message) => {
  expect(() => read({ role: 'user', content: [{ type: 'image_url', image_url: { url } }] })).toThrow(
    expect.objectContaining({ status: 400, message, param: 'messages' }),
  )
})

test('openai 48: audio is refused', () => {
  const content = [{ type: 'input_audio', input_audio: { data: 'aGk=', format: 'wav' } }]
  expect(() => read({ role: 'user', content })).toThrow('audio input is not supported')
})

test('a text file is put into the prompt under its name', () => {
  const file = { file_data: 'data:text/markdown;base64,aGk=', filename: 'a.md' }
  expect(read({ role: 'user', content: [{ type: 'file', file }] })[0]?.content).toBe('a.md\nhi')
})

test.each([{ file_id: 'file-1' }, { file_data: 'data:application/pdf;base64,aGk=' }])(
  'a file that is no text is refused: %j',
  (file) => {
    expect(() => read({ role: 'user', content: [{ type: 'file', file }] })).toThrow(/text files/)
  },
)

test('an unknown part is refused', () => {
  expect(fault({ role: 'user', content: [{ type: 'hologram' }] })).toBe('invalid message format')
})

test('content of another shape is refused', () => {
  expect(fault({ role: 'user', content: 7 })).toBe("'content' must be a string or a list of parts")
})

test('a tool result gets the name of the call it answers', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'add', arguments: '{"a":1}' } }
  const conversation = read(
    { role: 'assistant', content: null, tool_calls: [call] },
    { role: 'tool', tool_call_id: 'c1', content: [{ type: 'text', text: '5' }] },
  )
  expect(conversation).toEqual([
    { role: 'assistant', content: '', toolCalls: [{ id: 'c1', name: 'add', arguments: { a: 1 } }] },
    { role: 'tool', content: '5', toolCallId: 'c1', toolName: 'add' },
  ])
})

test('when two calls share an id, the result belongs to the later one', () => {
  const call = (name: string) => ({ id: 'c', function: { name, arguments: '{}' } })
  const conversation = read(
    { role: 'assistant', tool_calls: [call('first')] },
    { role: 'assistant', tool_calls: [call('second')] },
    { role: 'tool', tool_call_id: 'c', content: 'x' },
  )
  expect(conversation[2]?.toolName).toBe('second')
})

test('a tool result for an unknown call has no name', () => {
  expect(read({ role: 'tool', tool_call_id: 'lost', content: 'x' })).toEqual([
    { role: 'tool', content: 'x', toolCallId: 'lost' },
  ])
})

test('the legacy function role and function_call are a tool and its call', () => {
  const conversation = read(
    { role: 'assistant', content: null, function_call: { name: 'add', arguments: '{"a":1}' } },
    { role: 'function', name: 'add', content: '5' },
  )
  expect(conversation).toEqual([
    { role: 'assistant', content: '', toolCalls: [{ name: 'add', arguments: { a: 1 } }] },
    { role: 'tool', content: '5', toolName: 'add' },
  ])
})

test.each([
  ['""', '', {}],
  ['white space', ' ', {}],
  ['null', null, {}],
  ['an object', { a: 1 }, { a: 1 }],
  ['JSON', '{"a":{"b":[1]}}', { a: { b: [1] } }],
])('arguments given as %s are understood', (_name, args, expected) => {
  const [message] = read({ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: args } }] })
  expect(message?.toolCalls?.[0]?.arguments).toEqual(expected)
})

test.each(['{bad', '[1]', '5', 7, 'null'])('arguments %j are refused', (args) => {
  expect(fault({ role: 'assistant', tool_calls: [{ function: { name: 'f', arguments: args } }] })).toBe(
    'invalid tool call arguments',
  )
})

test.each(['reasoning_content', 'reasoning', 'thinking'])('earlier thoughts are read from %s', (key) => {
  expect(read({ role: 'assistant', content: 'a', [key]: 'hm' })[0]?.thinking).toBe('hm')
})

test('thoughts of a user are not the model’s', () => {
  expect(read({ role: 'user', content: 'a', reasoning: 'hm' })[0]).toEqual({ role: 'user', content: 'a' })
})
