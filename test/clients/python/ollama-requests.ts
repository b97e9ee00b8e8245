/**
 * What the Python client `ollama` 0.6.3 (httpx 0.28.1, Python 3.11) sends, recorded on its way to a server. Fields
 * left unset do not appear, save `stream`, `insecure` of pulls, and `tools`, an empty list; numbers that the client
 * declares as floats carry a fraction; every request, GET too, names a content type and keeps the connection.
 */
export interface RecordedRequest {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  /** The bytes of the body, as text. */
  body?: string
}

const post = (path: string, body: string): RecordedRequest => ({ method: 'POST', path, body })

const WEATHER =
  '[{"type":"function","function":{"name":"get_weather","description":"Get the weather in a city","parameters":' +
  '{"type":"object","required":["city"],"properties":{"city":{"type":"string","description":"The name of the city"}}}}}]'

/** By the call of the client that sends it. */
export const OLLAMA_PYTHON = {
  list: { method: 'GET', path: '/api/tags' },
  ps: { method: 'GET', path: '/api/ps' },
  show: post('/api/show', '{"model":"tiny"}'),
  chat: post(
    '/api/chat',
    '{"model":"msg","stream":false,"options":{"temperature":0},"messages":[{"role":"user","content":"Hi"}],"tools":[]}',
  ),
  chatStream: post(
    '/api/chat',
    '{"model":"msg","stream":true,"options":{"temperature":0.0},"messages":[{"role":"user","content":"Hi"}],"tools":[]}',
  ),
  chatScored: post(
    '/api/chat',
    '{"model":"msg","stream":false,"keep_alive":"5m","messages":[{"role":"user","content":"Hi"}],"tools":[],' +
      '"think":false,"logprobs":true,"top_logprobs":2}',
  ),
  /** With a function of Python's as tool. */
  chatTools: post(
    '/api/chat',
    `{"model":"tool","stream":false,"messages":[{"role":"user","content":"Weather in Oslo?"}],"tools":${WEATHER}}`,
  ),
  /** The answer to it, put back as it came: a message without `content`, a call without `id`. */
  chatToolAnswer: post(
    '/api/chat',
    '{"model":"tool","stream":false,"messages":[{"role":"user","content":"Weather in Oslo?"},' +
      '{"role":"assistant","thinking":"I should call get_weather.\\n","tool_calls":[{"function":{"name":"get_weather",' +
      '"arguments":{"city":"Oslo"}}}]},{"role":"tool","content":"Sunny","tool_name":"get_weather"}],' +
      `"tools":${WEATHER}}`,
  ),
  generate: post(
    '/api/generate',
    '{"model":"tiny","stream":false,"options":{"temperature":0},"prompt":"Hi"}',
  ),
  generateStream: post(
    '/api/generate',
    '{"model":"tiny","stream":true,"options":{"temperature":0},"keep_alive":-1.0,"prompt":"Hi"}',
  ),
  unload: post('/api/generate', '{"model":"tiny","stream":false,"keep_alive":0.0}'),
  unloadChat: post('/api/chat', '{"model":"tiny","stream":false,"keep_alive":0.0,"messages":[],"tools":[]}'),
  embed: post('/api/embed', '{"model":"bert","input":["a","b"]}'),
  embedShort: post('/api/embed', '{"model":"bert","input":"a","truncate":true,"dimensions":2}'),
  embeddings: post('/api/embeddings', '{"model":"bert","prompt":"a"}'),
  create: post(
    '/api/create',
    '{"model":"made","stream":false,"license":"MIT","system":"You are a pirate.","parameters":{"seed":7,"stop":["x"]},' +
      '"messages":[{"role":"user","content":"hi"}],"from":"tiny"}',
  ),
  createStream: post(
    '/api/create',
    '{"model":"made2","stream":true,"template":"{{ .Prompt }}","license":["MIT","BSD"],"from":"made"}',
  ),
  copy: post('/api/copy', '{"source":"tiny","destination":"me/copy"}'),
  delete: { method: 'DELETE', path: '/api/delete', body: '{"model":"me/copy"}' },
} satisfies Record<string, RecordedRequest>

/** The same calls with a model that is not there. */
export const OLLAMA_PYTHON_MISSING: Record<string, RecordedRequest> = {
  show: post('/api/show', '{"model":"nope"}'),
  chat: post('/api/chat', '{"model":"nope","stream":false,"messages":[],"tools":[]}'),
  chatStream: post('/api/chat', '{"model":"nope","stream":true,"messages":[],"tools":[]}'),
  generate: post('/api/generate', '{"model":"nope","stream":false}'),
  generateStream: post('/api/generate', '{"model":"nope","stream":true}'),
  embed: post('/api/embed', '{"model":"nope","input":"a"}'),
  embeddings: post('/api/embeddings', '{"model":"nope","prompt":"a"}'),
  copy: post('/api/copy', '{"source":"nope","destination":"x"}'),
  delete: { method: 'DELETE', path: '/api/delete', body: '{"model":"nope"}' },
}

/** `client.pull(model, insecure=True, stream=…)`. */
export const pull = (model: string, stream: boolean): RecordedRequest =>
  post('/api/pull', `{"model":"${model}","stream":${stream},"insecure":true}`)

/** The bytes on the wire: the header fields in the client's order and spelling. */
export function toBytes({ method, path, body }: RecordedRequest, host: string): string {
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: ${host}`,
    'Accept-Encoding: gzip, deflate',
    'Connection: keep-alive',
    'content-type: application/json',
    'accept: application/json',
    'user-agent: ollama-python/0.6.3 (x86_64 linux) Python/3.11.7',
    ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
  ]
  return `${head.join('\r\n')}\r\n\r\n${body ?? ''}`
}
