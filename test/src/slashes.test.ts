import { expect, test } from 'vitest'
import { withoutExtraSlashes } from '../../src/slashes.ts'

test.each([
  ['/v1/models', '/v1/models'],
  ['/v1/models/', '/v1/models'],
  ['//v1/chat/completions', '/v1/chat/completions'],
  ['/v1//chat///completions/', '/v1/chat/completions'],
  ['/v1/messages/?beta=true', '/v1/messages?beta=true'],
  ['//v1/models?next=//a/', '/v1/models?next=//a/'],
  ['/v1/models/hf.co%2F%2Fr', '/v1/models/hf.co%2F%2Fr'],
  ['/v1/', '/v1'],
  ['/v10//models/', '/v10//models/'],
  ['/api/tags/', '/api/tags/'],
  ['//api//tags', '//api//tags'],
  ['/', '/'],
  ['', ''],
])('%j is routed as %j', (url, routed) => {
  expect(withoutExtraSlashes(url)).toBe(routed)
})
