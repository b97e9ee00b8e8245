import swagger from '@fastify/swagger'
import fp from 'fastify-plugin'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { withoutTwins } from './schema-twins.ts'

/** Serves what the routes declare as an OpenAPI document. `version` is the product's own. */
export const openapiPlugin = fp<{ version: string }>(
  async (app, { version }) => {
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'Snug', description: 'Ollama and OpenAI compatible model server', version },
      },
      transform: jsonSchemaTransform,
      transformObject: (document) => withoutTwins(jsonSchemaTransformObject(document)),
    })
    app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger())
  },
  { name: 'openapi', fastify: '5.x' },
)
