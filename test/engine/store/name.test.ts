import { describe, expect, test } from 'vitest'
import { fullName, isSameModelName, parseModelName, shortName } from '../../../engine/store/name.ts'

const parse = (text: string) => {
  const name = parseModelName(text)
  if (name === undefined) throw new Error(`${text} is no model name`)
  return name
}

describe('a model name', () => {
  test.each([
    ['m', 'registry.ollama.ai/library/m:latest', 'm:latest'],
    ['n/m', 'registry.ollama.ai/n/m:latest', 'n/m:latest'],
    ['h/n/m:t', 'h/n/m:t', 'h/n/m:t'],
    ['h:5000/n/m:t', 'h:5000/n/m:t', 'h:5000/n/m:t'],
    ['hf.co/u/R-GGUF:Q4_K_M', 'hf.co/u/R-GGUF:Q4_K_M', 'hf.co/u/R-GGUF:Q4_K_M'],
    ['_a/_b/_c:_d', '_a/_b/_c:_d', '_a/_b/_c:_d'],
    ['LLaMA3.2:8B', 'registry.ollama.ai/library/LLaMA3.2:8B', 'LLaMA3.2:8B'],
    ['apple/OpenELM', 'registry.ollama.ai/apple/OpenELM:latest', 'apple/OpenELM:latest'],
    ['Registry.Ollama.AI/Library/m', 'Registry.Ollama.AI/Library/m:latest', 'm:latest'],
    ['http://host:5000/n/m', 'host:5000/n/m:latest', 'host:5000/n/m:latest'],
    ['other/library/m', 'other/library/m:latest', 'other/library/m:latest'],
  ])('ollama 36: %s is %s and is shown as %s', (text, full, short) => {
    expect(fullName(parse(text))).toBe(full)
    expect(shortName(parse(text))).toBe(short)
  })

  test.each([
    '',
    '^',
    '-m',
    '.m',
    'a b',
    'm:',
    ':t',
    'mm:',
    '/nn/mm',
    '//mm',
    'n//m',
    'm/',
    '../x',
    'n/..',
    'n/m:..',
    'h/n.a/m:t',
    'h/n:a/m:t',
    'm@d',
    'm:t@sha256:1',
    'm\n',
    'm\0',
    'a/b/c/d',
    'é',
    'https:///n/m',
    'm\\..\\x',
  ])('ollama 36: %j is no model name', (text) => {
    expect(parseModelName(text)).toBeUndefined()
  })

  test.each([
    ['model', (part: string) => part, 80],
    ['tag', (part: string) => `m:${part}`, 80],
    ['namespace', (part: string) => `${part}/m`, 80],
    ['host', (part: string) => `${part}/n/m`, 350],
  ])('ollama 36: a %s of its full length is accepted, one letter more is not', (_, name, longest) => {
    expect(parseModelName(name('a'.repeat(longest)))).toBeDefined()
    expect(parseModelName(name('a'.repeat(longest + 1)))).toBeUndefined()
  })

  test('is the same model whatever its case', () => {
    expect(isSameModelName(parse('LLaMA3:Latest'), parse('llama3'))).toBe(true)
    expect(isSameModelName(parse('llama3:8b'), parse('llama3'))).toBe(false)
  })
})
