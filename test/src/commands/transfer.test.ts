import { join } from 'node:path'
import { expect, test } from 'vitest'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { libraryOffers } from '../../../engine/fit/catalog/tags.ts'
import { fixtureWeights, tempFolder } from '../../helpers/fixtures.ts'
import { bytesContent } from '../../helpers/registry/content.ts'
import { startRegistry } from '../../helpers/registry/server.ts'
import { openStore } from '../../helpers/store.ts'
import { snug } from '../spawned.ts'

async function setting() {
  const registry = await startRegistry()
  const models = join(await tempFolder(), 'models')
  const run = async (...args: string[]) => {
    const mirrors = `registry.ollama.ai=${registry.origin}`
    const command = snug(args, { OLLAMA_MODELS: models, SNUG_REGISTRY_MIRRORS: mirrors })
    const status = await command.ended
    return { status, stderr: command.stderr() }
  }
  return { registry, models, run }
}

test('snug pull gets a model, and snug push brings it to another name', async () => {
  const { registry, models, run } = await setting()
  registry.publish('library/tiny', [{ kind: 'model', content: bytesContent(fixtureWeights({})) }])
  const name = `${registry.host}/library/tiny`
  const { status, stderr } = await run('pull', name, '--insecure')
  expect(stderr).toMatch(/^pulling manifest\npulling [0-9a-f]{12}\n.*success\n$/s)
  expect(status).toBe(0)
  expect((await (await openStore(models, true)).find(name)).config.modelFormat).toBe('gguf')

  expect((await run('cp', name, `${registry.host}/me/mine`)).status).toBe(0)
  const pushed = await run('push', `${registry.host}/me/mine`, '--insecure')
  expect(pushed.stderr).toMatch(/pushing manifest\nsuccess\n$/)
  expect(pushed.status).toBe(0)
})

test('snug pull without a tag gets what suits this machine, and says what and why', async () => {
  const { registry, models, run } = await setting()
  const offers = libraryOffers(catalogModel('tinyllama') ?? expect.unreachable())
  for (const [at, { name }] of offers.entries()) {
    const weights = Buffer.concat([fixtureWeights({}), Buffer.alloc(32 * at)])
    registry.publish('library/tinyllama', [{ kind: 'model', content: bytesContent(weights) }], name.slice(10))
  }
  const { status, stderr } = await run('pull', 'tinyllama')
  const [, chosen = ''] =
    /^(tinyllama:\S+) suits this machine best: .* to download\n.*\npulling manifest\n/.exec(stderr) ?? []
  expect(offers.map(({ name }) => name)).toContain(chosen)
  expect(stderr).toMatch(/success\n$/)
  expect(status).toBe(0)
  const store = await openStore(models, true)
  expect((await store.find('tinyllama')).digest).toBe((await store.find(chosen)).digest)
})

test('what goes wrong is one line', async () => {
  const { registry, run } = await setting()
  expect(await run('pull', `${registry.host}/library/nope`, '--insecure')).toEqual({
    status: 1,
    stderr: 'pulling manifest\nsnug: pull model manifest: file does not exist\n',
  })
  expect(await run('pull', '^')).toEqual({ status: 1, stderr: 'snug: invalid model name\n' })
})
