import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { modelFiles } from '../../../engine/create/local-files.ts'
import { planOf } from '../../../engine/create/modelfile.ts'
import { parameterValue } from '../../../engine/create/parameter.ts'
import { parseModelfile } from '../../../formats/modelfile/parse.ts'
import { tempFolder } from '../../helpers/fixtures.ts'

const plan = (text: string) => planOf(parseModelfile(`FROM m\n${text}`))

describe('what a Modelfile asks for', () => {
  test('is put together from its lines', () => {
    const { from, adapters, drafts, request, warnings } = planOf(
      parseModelfile(`FROM base
FROM ./mmproj.gguf
ADAPTER a.gguf
DRAFT d.gguf
TEMPLATE one
TEMPLATE {{ .Prompt }}
SYSTEM be kind
RENDERER r
PARSER p
REQUIRES v0.14.0
LICENSE MIT
LICENSE BSD
PARAMETER stop a
PARAMETER stop "b "
PARAMETER temperature 0.7
PARAMETER top_k 5
PARAMETER use_mmap false
PARAMETER low_vram true
MESSAGE user hi: there
MESSAGE assistant hello`),
    )
    expect({ from, adapters, drafts }).toEqual({
      from: ['base', './mmproj.gguf'],
      adapters: ['a.gguf'],
      drafts: ['d.gguf'],
    })
    expect(request).toMatchObject({
      template: '{{ .Prompt }}',
      system: 'be kind',
      renderer: 'r',
      parser: 'p',
      requires: '0.14.0',
      licenses: ['MIT', 'BSD'],
      messages: [
        { role: 'user', content: 'hi: there' },
        { role: 'assistant', content: 'hello' },
      ],
    })
    expect(request.parameters).toEqual({ stop: ['a', 'b '], temperature: 0.7, top_k: 5, use_mmap: false })
    expect(warnings).toEqual(['parameter low_vram is deprecated and left out'])
  })

  test.each([
    ['PARAMETER nope 1', "unknown parameter 'nope'"],
    ['PARAMETER toString 1', "unknown parameter 'toString'"],
    ['PARAMETER top_k 1.5', 'invalid int value [1.5]'],
    ['PARAMETER temperature hot', 'invalid float value [hot]'],
    ['PARAMETER temperature 1e99', 'invalid float value [1e99]'],
    ['PARAMETER use_mmap yes', 'invalid bool value [yes]'],
    ['REQUIRES new', 'requires must be a valid semver (e.g. 0.14.0)'],
    ['REQUIRES 1.02.3', 'requires must be a valid semver (e.g. 0.14.0)'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => plan(text)).toThrow(expect.objectContaining({ name: 'ModelfileError', message }))
  })

  test.each([
    ['seed', '-1', -1],
    ['num_ctx', '+8', 8],
    ['top_p', '.5', 0.5],
    ['temperature', '0.1', 0.1],
    ['repeat_penalty', '1e0', 1],
    ['use_mmap', 'T', true],
    ['draft_num_predict', '4', 4],
    ['mirostat', '2', 2],
  ])('PARAMETER %s %s is stored as %j', (name, text, value) => {
    expect(parameterValue(name, text)).toBe(value)
  })

  test.each(['0.14', '1', 'v1.2.3-rc.1+build'])('REQUIRES %s is a version', (version) => {
    expect(plan(`REQUIRES ${version}`).request.requires).toBe(version.replace(/^v/, ''))
  })
})

describe('the files of a model', () => {
  async function folderOf(names: readonly string[]) {
    const folder = await tempFolder()
    for (const name of names) {
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), name)
    }
    return folder
  }

  test('in safetensors are the weights and what stands beside them', async () => {
    const wanted = [
      'chat_template.jinja',
      'config.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
      'sub/config.json',
      'sub/model.safetensors',
      'tokenizer.model',
    ]
    const folder = await folderOf([...wanted, 'README.md', 'pytorch_model.bin', 'other.gguf', 'sub/x/y.json'])
    expect([...((await modelFiles(folder)) ?? [])].sort()).toEqual(
      wanted.map((name) => [name, join(folder, name)]),
    )
  })

  test('in GGUF are the GGUF files alone', async () => {
    const folder = await folderOf(['a.gguf', 'b.gguf', 'config.json', 'x.bin'])
    expect([...((await modelFiles(folder)) ?? new Map()).keys()]).toEqual(['a.gguf', 'b.gguf'])
  })

  test('may be links, as a download cache has them', async () => {
    const folder = await folderOf(['blobs/1', 'snapshot/x'])
    await symlink(join(folder, 'blobs/1'), join(folder, 'snapshot/a.gguf'))
    expect([...((await modelFiles(join(folder, 'snapshot'))) ?? new Map()).keys()]).toEqual(['a.gguf'])
  })

  test('are the one file that is named, and none where there is nothing', async () => {
    const folder = await folderOf(['a'])
    expect([...((await modelFiles(join(folder, 'a'))) ?? [])]).toEqual([['a', join(folder, 'a')]])
    expect(await modelFiles(join(folder, 'b'))).toBeUndefined()
  })

  test('are missed in a folder without any', async () => {
    const folder = await folderOf(['README.md'])
    await expect(modelFiles(folder)).rejects.toMatchObject({ message: `no model files found in ${folder}` })
  })
})
