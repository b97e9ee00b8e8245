/** Models that another server runs, as clients of OpenAI's dialect see them. */
import { expect, test } from 'vitest'
import { chunk, type Reply, refuses, says } from '../../helpers/openai-server.ts'
import { far } from '../ollama/far.ts'

const messages = [{ role: 'user', content: 'hi' }]

async function ask(reply: Reply, fields: object = {}, hosts = ['127.0.0.1']) {
  const { http, there } = await far(reply, { remote: { hosts } })
  const { status, body } = await http.post('/v1/chat/completions').send({ model: 'far', messages, ...fields })
  return { status, body, there }
}

test('a model whose server must not be asked is refused', async () => {
  const { status, body, there } = await ask(says(), {}, ['localhost'])
  expect(status).toBe(400)
  expect(body.error).toMatchObject({
    message: 'this server cannot run this remote model',
    type: 'invalid_request_error',
  })
  expect(there.requests).toEqual([])
})

test.each([
  [400, 'invalid_request_error', null],
  [401, 'authentication_error', null],
  [429, 'rate_limit_error', 'rate_limit_exceeded'],
  [503, 'api_error', 'server_overloaded'],
])('a refusal with status %d keeps status and words', async (status, type, code) => {
  const { body, ...answer } = await ask(refuses(status, { error: { message: 'no', type: 'whatever' } }))
  expect(answer.status).toBe(status)
  expect(body).toEqual({ error: { message: 'no', type, param: null, code } })
})

test('calls carry JSON again, and the finish reason of calls', async () => {
  const call = { index: 0, id: 'call_a', function: { name: 'f', arguments: '{"x":1}' } }
  const tools = [{ type: 'function', function: { name: 'f' } }]
  const { body } = await ask(says(chunk({ tool_calls: [call] }), chunk({}, 'tool_calls')), { tools })
  expect(body.choices[0]).toMatchObject({
    finish_reason: 'tool_calls',
    message: { content: null, tool_calls: [{ function: { name: 'f', arguments: '{"x":1}' } }] },
  })
  expect(body.usage).toMatchObject({
    prompt_tokens: 7,
    completion_tokens: 3,
    prompt_tokens_details: { cached_tokens: 2 },
  })
})

test('an effort reaches a model of which nothing else is known', async () => {
  const { there } = await ask(says(chunk({ content: 'a' }, 'stop')), { reasoning_effort: 'high' })
  expect(there.requests[0]?.body.reasoning_effort).toBe('high')
})

test('where one call at a time is asked for, one is told', async () => {
  const calls = ['a', 'b'].map((id, index) => ({ index, id, function: { name: 'f', arguments: '{}' } }))
  const tools = [{ type: 'function', function: { name: 'f' } }]
  const { body, there } = await ask(says(chunk({ tool_calls: calls }), chunk({}, 'tool_calls')), {
    tools,
    parallel_tool_calls: false,
  })
  expect(body.choices[0].message.tool_calls).toHaveLength(1)
  expect(there.requests[0]?.body.parallel_tool_calls).toBe(false)
})
