import { describe, expect, test } from 'vitest'
import { decodeModelfile } from '../../../formats/modelfile/decode.ts'
import { parseModelfile } from '../../../formats/modelfile/parse.ts'
import { printModelfile } from '../../../formats/modelfile/print.ts'
import type { Instruction, PlainName } from '../../../formats/modelfile/types.ts'

/** What stands in a file beside its FROM line. */
const parse = (text: string): Instruction[] => parseModelfile(`FROM m\n${text}`).slice(1)

describe('a Modelfile', () => {
  test('is a list of instructions, whatever their case', () => {
    const text = `# A comment
  from llama3.2
PARAMETER temperature 0.5
Parameter stop <|im_end|>
TEMPLATE {{ .Prompt }}
system You are kind.
license MIT
ADAPTER ./a.gguf
draft d.gguf
renderer r
parser p
requires 0.14.0
MESSAGE user Hello there
message assistant Hi.`
    expect(parseModelfile(text)).toEqual([
      { name: 'from', value: 'llama3.2' },
      { name: 'parameter', key: 'temperature', value: '0.5' },
      { name: 'parameter', key: 'stop', value: '<|im_end|>' },
      { name: 'template', value: '{{ .Prompt }}' },
      { name: 'system', value: 'You are kind.' },
      { name: 'license', value: 'MIT' },
      { name: 'adapter', value: './a.gguf' },
      { name: 'draft', value: 'd.gguf' },
      { name: 'renderer', value: 'r' },
      { name: 'parser', value: 'p' },
      { name: 'requires', value: '0.14.0' },
      { name: 'message', role: 'user', value: 'Hello there' },
      { name: 'message', role: 'assistant', value: 'Hi.' },
    ])
  })

  test.each([
    ['SYSTEM  \t spaced \t ', 'spaced'],
    ['SYSTEM "in quotes "', 'in quotes '],
    ['SYSTEM """in three"""', 'in three'],
    ['SYSTEM """two\nlines"""', 'two\nlines'],
    ['SYSTEM """\n  kept\n\n"""', '\n  kept\n\n'],
    ['SYSTEM "two\nlines"', 'two\nlines'],
    ['SYSTEM "two\r\nlines"\r\n', 'two\r\nlines'],
    ['SYSTEM """says "hi" to "you""""', 'says "hi" to "you"'],
    ['SYSTEM says "hi"', 'says "hi"'],
    ['SYSTEM "a" b\nc"', 'a" b\nc'],
    ['SYSTEM "quoted"   ', 'quoted'],
    ['SYSTEM """three"""  \t', 'three'],
    ["SYSTEM 'single'", "'single'"],
    ['SYSTEM ""', ''],
    ['SYSTEM """"""', ''],
    ['SYSTEM a\\nb', 'a\\nb'],
    ['SYSTEM # no comment', '# no comment'],
    ['SYSTEM "\n# no comment\nFROM x\n"', '\n# no comment\nFROM x\n'],
    ['SYSTEM zero\u200dwidth\u00a0joined', 'zero\u200dwidth\u00a0joined'],
  ])('%j has the value %j', (text, value) => {
    expect(parse(text)).toEqual([{ name: 'system', value }])
  })

  test('may have comments and empty lines between instructions', () => {
    expect(parse('\n\n  # one\n#two\n\t\nSYSTEM x\n  # FROM y\n')).toEqual([{ name: 'system', value: 'x' }])
  })

  const BAD_COMMAND =
    'command must be one of "from", "license", "template", "system", "adapter", "draft", "renderer", "parser", "parameter", "message", or "requires"'
  test.each([
    ['', 'no FROM line'],
    ['SYSTEM x', 'no FROM line'],
    ['FROM m\n\nBADCOMMAND x', `(line 3): ${BAD_COMMAND}`],
    ['FROM m\r\nBADCOMMAND x', `(line 2): ${BAD_COMMAND}`],
    ['FROM m\n"text"', `(line 2): ${BAD_COMMAND}`],
    ['FROM2 m', `(line 1): ${BAD_COMMAND}`],
    ['FROM', '(line 1): unexpected EOF'],
    ['FROM\nm', '(line 1): unexpected EOF'],
    ['FROM m\nPARAMETER stop\nSYSTEM x', '(line 2): unexpected EOF: stop'],
    ['FROM m\nPARAMETER st-op x', '(line 2): unexpected EOF: st'],
    ['FROM m\nMESSAGE user', '(line 2): unexpected EOF: user'],
    ['FROM m\nMESSAGE badguy hi', '(line 2): message role must be one of "system", "user", or "assistant"'],
    ['FROM m\nSYSTEM "open\nnever closed\n', '(line 2): unexpected EOF'],
    ['FROM m\nSYSTEM """open"\n""', '(line 2): unexpected EOF'],
    ['FROM m\nSYSTEM """', '(line 2): unexpected EOF'],
  ])('%j is refused: %s', (text, message) => {
    expect(() => parseModelfile(text)).toThrow(expect.objectContaining({ name: 'ModelfileError', message }))
  })

  test('is read in time that grows with its length alone', () => {
    const started = performance.now()
    expect(() => parse(`SYSTEM """${'\n'.repeat(1_000_000)}`)).toThrow('unexpected EOF')
    expect(parse(`${' \n'.repeat(500_000)}SYSTEM x`)).toHaveLength(1)
    expect(performance.now() - started).toBeLessThan(10_000)
  })
})

describe('the encoding of a Modelfile', () => {
  const TEXT = 'FROM m\nSYSTEM grüß 🙂\n'
  const utf16 = Buffer.from(`\ufeff${TEXT}`, 'utf16le')
  test.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${TEXT}`)],
    ['UTF-16, low byte first', utf16],
    ['UTF-16, high byte first', Buffer.from(utf16).swap16()],
  ])('may be %s', (_, bytes) => {
    expect(decodeModelfile(bytes)).toBe(TEXT)
  })

  test('is UTF-8 where bytes are none', () => {
    expect(decodeModelfile(Buffer.from([0x46, 0xff, 0x47]))).toBe('F\ufffdG')
  })
})

describe('what is printed is read back', () => {
  // A linear congruential generator: the same cases in every run.
  let state = 12_345
  const random = (below: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31
    return Math.floor((state / 2 ** 31) * below)
  }
  const PIECES = [
    '"',
    '"""',
    '\n',
    '\r\n',
    ' ',
    '\t',
    'a',
    'FROM x',
    '#',
    '\\',
    "'",
    'é🙂',
    '{{ . }}',
    '\u00a0',
  ]
  const value = () => Array.from({ length: random(8) }, () => PIECES[random(PIECES.length)]).join('')
  /** No quotes can hold a text with a line, other than the last, that ends with three of them. */
  const isRepresentable = (text: string) =>
    !text.includes('"') ||
    text
      .split(/[\r\n]/)
      .slice(0, -1)
      .every((line) => !line.trimEnd().endsWith('"""'))
  const NAMES: PlainName[] = [
    'template',
    'system',
    'license',
    'adapter',
    'draft',
    'renderer',
    'parser',
    'requires',
  ]
  const instruction = (): Instruction => {
    const text = value()
    switch (random(3)) {
      case 0:
        return { name: 'parameter', key: ['stop', 'top_k', 'x9'][random(3)] ?? 'x', value: text }
      case 1:
        return { name: 'message', role: ['system', 'user', 'assistant'][random(3)] ?? 'user', value: text }
      default:
        return { name: NAMES[random(NAMES.length)] ?? 'system', value: text }
    }
  }

  test('for any instructions', () => {
    let tried = 0
    while (tried < 3000) {
      const some = Array.from({ length: 1 + random(4) }, instruction)
      if (!some.every((one) => isRepresentable(one.value))) continue
      tried += 1
      const all: Instruction[] = [{ name: 'from', value: 'm' }, ...some]
      expect(parseModelfile(printModelfile(all))).toEqual(all)
    }
  })

  test('and plain values are printed without quotes', () => {
    const text = 'FROM m\nSYSTEM says "hi"\nPARAMETER stop <|end|>\nMESSAGE user hello\n'
    expect(printModelfile(parseModelfile(text))).toBe(text)
  })
})
