import request, { type Response } from 'supertest'
import { testApp } from '../../helpers/app.ts'

/** A server with the fixture `tiny` (or the models given), and short ways to ask it. Answers are not streamed unless asked. */
export async function serve(options: Parameters<typeof testApp>[0] = {}) {
  const server = await testApp({ models: ['tiny'], ...options })
  const http = request(await server.url())
  const ask = (path: string) => (body: object) => http.post(path).send({ stream: false, ...body })
  return {
    ...server,
    http,
    generate: ask('/api/generate'),
    chat: ask('/api/chat'),
    show: ask('/api/show'),
    embed: ask('/api/embed'),
    embeddings: ask('/api/embeddings'),
    ps: async () => (await http.get('/api/ps')).body.models,
    /** What the engine was given to read, one text a generation. */
    prompts: () => server.backend.requests.map(({ text }) => text),
  }
}

/** The objects of a streamed answer. Throws on anything that is not one JSON object a line. */
export function lines({ text }: Response) {
  if (!text.endsWith('\n')) throw new Error('the last line is not ended')
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line))
}

/** A turn of the user, and the tool the conformance cases call W. */
export const user = (content: string) => ({ role: 'user', content })
export const W = {
  type: 'function',
  function: {
    name: 'get_weather',
    description: 'The weather in a city',
    parameters: { type: 'object', required: ['city'], properties: { city: { type: 'string' } } },
  },
}
