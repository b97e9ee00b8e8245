import { expect, test } from 'vitest'
import { testApp } from '../../helpers/app.ts'

const messages = Array.from({ length: 70_000 }, () => ({ role: 'user', content: '' }))
const text = '70000 messages are too many: at most 65536'

test.each([
  ['/api/chat', { error: text }],
  ['/v1/chat/completions', { error: expect.objectContaining({ message: text, param: 'messages' }) }],
])('%s refuses a conversation without end', async (url, body) => {
  const { app } = await testApp()
  const reply = await app.inject({ method: 'POST', url, payload: { model: 'msg', messages } })
  expect([reply.statusCode, reply.json()]).toEqual([400, body])
})
