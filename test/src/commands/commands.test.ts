import { copyFile, mkdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { FIXTURE_MODELS, T1 } from '../../helpers/fixture-models.ts'
import { fixtureWeights, installFixtures, tempFolder } from '../../helpers/fixtures.ts'
import { SHAPE_SMALL, writeRandomModel } from '../../helpers/random-model.ts'
import { SNUG_TINY } from '../../helpers/snug-tiny.ts'
import { blobNames, openStore } from '../../helpers/store.ts'
import { snug } from '../spawned.ts'

async function folder() {
  const root = await tempFolder()
  const models = join(root, 'models')
  await installFixtures(models, ['tiny'])
  const run = async (...args: string[]) => {
    const command = snug(args, { OLLAMA_MODELS: models })
    const status = await command.ended
    return { status, stdout: command.stdout(), stderr: command.stderr() }
  }
  return { root, models, run, store: () => openStore(models, true) }
}

describe('snug create', () => {
  test('takes a GGUF file where it lies: the same bytes, not a copy', async () => {
    const { root, run, store } = await folder()
    const path = join(root, 'weights.gguf')
    await copyFile(SNUG_TINY, path)
    const { status, stderr } = await run('create', 'mine', path)
    expect(stderr.split('\n')).toEqual([
      'hashing weights.gguf',
      'weights.gguf is hard-linked into the models folder: no bytes copied',
      'parsing GGUF',
      expect.stringMatching(/^using existing layer sha256:/),
      'writing manifest',
      'success',
      '',
    ])
    expect(status).toBe(0)
    const model = await (await store()).find('mine')
    expect((await stat(model.weightsPath ?? '')).ino).toBe((await stat(path)).ino)
    expect(model.parentModel).toBe('weights.gguf')
  })

  test('ollama 172: reads a Modelfile, with paths relative to it', async () => {
    const { root, run, store } = await folder()
    await mkdir(join(root, 'sub'))
    await writeFile(join(root, 'sub/w.gguf'), fixtureWeights(FIXTURE_MODELS.tiny))
    const modelfile = join(root, 'sub/My.Modelfile')
    await writeFile(
      modelfile,
      `# mine\nFROM ./w.gguf\nTEMPLATE """${T1}"""\nSYSTEM "Be\nkind"\nPARAMETER stop x\nPARAMETER low_vram true\nLICENSE MIT\n`,
    )
    const { status, stderr } = await run('create', 'mine', '-f', modelfile)
    expect([status, stderr.split('\n')[0]]).toEqual([
      0,
      'warning: parameter low_vram is deprecated and left out',
    ])
    expect(await (await store()).find('mine')).toMatchObject({
      goTemplate: T1,
      system: 'Be\nkind',
      parameters: { stop: ['x'] },
      licenses: ['MIT'],
      parentModel: 'w.gguf',
    })
  })

  test('builds on a model, and what show prints builds the same again', async () => {
    const { root, run, store } = await folder()
    const modelfile = join(root, 'Modelfile')
    await writeFile(modelfile, 'FROM tiny\nSYSTEM """a "b"\n"""\nPARAMETER seed 7\nMESSAGE user hi\n')
    expect((await run('create', 'one', '-f', modelfile)).status).toBe(0)
    const printed = await run('show', '--modelfile', 'one')
    await writeFile(modelfile, printed.stdout)
    expect((await run('create', 'two', '-f', modelfile)).status).toBe(0)
    const models = await store()
    const [one, two] = [await models.find('one'), await models.find('two')]
    const digests = (model: typeof one) => model.layers.map(({ mediaType, digest }) => [mediaType, digest])
    expect(digests(two)).toEqual(digests(one))
  })

  test('quantizes', async () => {
    const { root, run, store } = await folder()
    const path = join(root, 'f16.gguf')
    await writeRandomModel(path, SHAPE_SMALL, { weights: 'F16' })
    const { status, stderr } = await run('create', 'small', path, '-q', 'q8_0')
    expect([status, stderr]).toEqual([0, expect.stringContaining('quantizing F16 model to Q8_0\n')])
    expect((await (await store()).find('small')).config.quantizationLevel).toBe('Q8_0')
  })

  test('quantizes to what suits the machine, without a server', async () => {
    const { root, run, store } = await folder()
    const path = join(root, 'f16.gguf')
    await writeRandomModel(path, SHAPE_SMALL, { weights: 'F16' })
    const { status, stderr } = await run('create', 'small', path, '-q', 'auto')
    const [, type] = /quantizing F16 model to (\S+)\n/.exec(stderr) ?? []
    expect([status, type]).toEqual([0, expect.stringMatching(/^I?Q\d/)])
    expect((await (await store()).find('small')).config.quantizationLevel).toBe(type)
  })

  test.each<[what: string, args: string[], text: string | undefined, message: string]>([
    ['a name that is none', ['a b', 'x.gguf'], undefined, 'invalid model name'],
    ['no Modelfile', ['m', '-f', 'nowhere'], undefined, 'there is no file nowhere'],
    ['a Modelfile that is none', ['m'], 'FORM x', '(line 1): command must be one of'],
    ['a file that is not there', ['m'], 'FROM ./no.gguf', 'FROM ./no.gguf: there is no such file'],
    ['an adapter that is not there', ['m'], 'FROM tiny\nADAPTER a', 'ADAPTER a: there is no such file'],
    ['a model that is not there', ['m'], 'FROM nope', "model 'nope' not found"],
    ['two models', ['m'], 'FROM tiny\nFROM other', 'FROM names several models: tiny, other'],
    ['a model and a file', ['m'], 'FROM tiny\nFROM ./Modelfile', 'choose one'],
    ['a home folder of somebody else', ['m'], 'FROM ~other/x.gguf', 'write the path in full'],
    ['a file that is no model', ['m', 'Modelfile'], 'some text', 'unknown type'],
  ])('names %s in a sentence', async (_, [model = '', ...rest], text, message) => {
    const { root, run, models } = await folder()
    const modelfile = join(root, 'Modelfile')
    if (text !== undefined) await writeFile(modelfile, text)
    const before = await blobNames(models)
    const source = rest[0] === 'Modelfile' ? [modelfile] : rest.length > 0 ? rest : ['-f', modelfile]
    const { status, stderr } = await run('create', model, ...source)
    expect([status, stderr]).toEqual([1, expect.stringContaining(message)])
    expect(stderr).toMatch(/^snug: /m)
    expect(stderr).not.toContain('    at ')
    expect((await blobNames(models)).length - before.length).toBeLessThanOrEqual(1)
  })
})

test('snug list, show, cp and rm work on the models folder', async () => {
  const { run, store } = await folder()
  expect((await run('cp', 'tiny', 'u/other')).stdout).toBe('copied tiny to u/other\n')
  const lines = (await run('list')).stdout.trimEnd().split('\n')
  expect(lines[0]).toMatch(/^NAME +ID +SIZE +MODIFIED/)
  expect(
    lines
      .slice(1)
      .map((line) => line.split(/ {2,}/)[0])
      .sort(),
  ).toEqual(['tiny:latest', 'u/other:latest'])
  expect((await run('show', 'tiny')).stdout).toMatch(/^name +tiny:latest\n(.*\n)*architecture +llama\n/)
  expect((await run('rm', 'tiny', 'u/other')).stdout).toBe('removed tiny\nremoved u/other\n')
  expect(await (await store()).list()).toEqual([])
  const gone = await run('show', 'tiny')
  expect([gone.status, gone.stderr]).toEqual([1, "snug: model 'tiny' not found\n"])
})
