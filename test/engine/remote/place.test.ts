import { describe, expect, test } from 'vitest'
import { placeOf } from '../../../engine/remote/place.ts'
import { EMPTY_CONFIG } from '../../../engine/store/config-blob.ts'

const stub = (remoteHost: string, remoteModel = 'm') => ({
  config: { ...EMPTY_CONFIG, remoteHost, remoteModel },
})

describe('a stub whose host is allowed runs there', () => {
  test.each([
    ['http://gpu:11434', 'http://gpu:11434', 'http://gpu:11434'],
    ['http://GPU:8000/', 'http://gpu:8000', 'http://gpu:8000'],
    ['https://gpu:443/vllm/', 'https://gpu/vllm', 'https://gpu'],
    ['http://[::1]:1/a//', 'http://[::1]:1/a', 'http://[::1]:1'],
  ])('%s', (host, base, origin) => {
    expect(placeOf(stub(host), ['gpu', '::1'])).toEqual({ base, origin, model: 'm' })
  })
})

describe('a stub is refused', () => {
  test.each([
    ['whose host is not allowed', stub('http://other:11434')],
    ['whose host only ends like one', stub('http://my.gpu:11434')],
    ['whose host only begins like one', stub('http://gpu.example:11434')],
    ['that names a user', stub('http://gpu@other:11434')],
    ['that names a user of an allowed host', stub('http://user:word@gpu:11434')],
    ['with a query', stub('http://gpu:11434/?a=b')],
    ['with a fragment', stub('http://gpu:11434/#a')],
    ['of another protocol', stub('ftp://gpu:11434')],
    ['whose address is none', stub('gpu')],
    ['without an address', stub('')],
    ['without a model', stub('http://gpu:11434', '')],
  ])('%s', (_, model) => {
    expect(() => placeOf(model, ['gpu'])).toThrow(
      expect.objectContaining({
        code: 'unsupported',
        message: 'this server cannot run this remote model',
      }),
    )
  })

  test('of Ollama’s cloud, whatever is allowed', () => {
    expect(() => placeOf(stub('https://OLLAMA.com:443'), ['ollama.com'])).toThrow(
      expect.objectContaining({ code: 'cloud_disabled' }),
    )
  })
})
