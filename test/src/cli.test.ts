import { describe, expect, test } from 'vitest'
import { Env } from '../../config/env.ts'
import { parseCommand } from '../../src/cli.ts'
import { FIT_OPTIONS } from '../../src/commands/fit-options.ts'
import { helpText } from '../../src/help.ts'

test.each([
  [[], 'help'],
  [['help'], 'help'],
  [['--help'], 'help'],
  [['-h'], 'help'],
  [['version'], 'version'],
  [['--version'], 'version'],
  [['-v'], 'version'],
  [['serve'], 'serve'],
  [['list'], 'list'],
  [['ls'], 'list'],
  [['ps'], 'ps'],
])('snug %j means %s', (args, name) => {
  expect(parseCommand(args)).toEqual({ name })
})

test.each([
  [['serve', '--help'], 'serve'],
  [['fit', '-h'], 'fit'],
  [['help', 'ls'], 'ls'],
  [['help', 'settings'], 'settings'],
  [['help', 'create', '--help'], 'create'],
])('snug %j asks for help with %s', (args, topic) => {
  expect(parseCommand(args)).toEqual({ name: 'help', topic })
})

const CREATE = { name: 'create', model: 'm', modelfile: 'Modelfile', quantize: '' }
test.each([
  [['create', 'm'], CREATE],
  [['create', 'm', '-f', 'x'], { ...CREATE, modelfile: 'x' }],
  [['create', '--file', 'x', 'm', '--quantize', 'q8_0'], { ...CREATE, modelfile: 'x', quantize: 'q8_0' }],
  [['create', 'm', 'a.gguf', '-q', 'q4_K_M'], { ...CREATE, path: 'a.gguf', quantize: 'q4_K_M' }],
  [['hardware'], { name: 'hardware', asJson: false, calibrates: false }],
  [['hardware', '--json', '--calibrate'], { name: 'hardware', asJson: true, calibrates: true }],
  [['fit', '--history'], { name: 'fit-history' }],
  [['pull', 'm'], { name: 'pull', model: 'm', insecure: false }],
  [['push', 'h/n/m', '--insecure'], { name: 'push', model: 'h/n/m', insecure: true }],
  [['show', 'm'], { name: 'show', model: 'm', asModelfile: false }],
  [['show', '--modelfile', 'm'], { name: 'show', model: 'm', asModelfile: true }],
  [['rm', 'a', 'b'], { name: 'rm', models: ['a', 'b'] }],
  [['cp', 'a', 'b'], { name: 'cp', source: 'a', destination: 'b' }],
])('snug %j is understood', (args, command) => {
  expect(parseCommand(args)).toEqual(command)
})

describe('anything else is a mistake that is named', () => {
  test.each([
    [['run'], 'unknown command "run"'],
    [['toString'], 'unknown command "toString"'],
    [['serve', 'now'], '"serve" takes no argument, but got "now"'],
    [['serve', '--port', '1'], "Unknown option '--port'"],
    [['serve', '-f', 'x'], '"serve" takes no option --file'],
    [['hardware', 'gpu'], '"hardware" takes no argument, but got "gpu"'],
    [['list', '--json'], '"list" takes no option --json'],
    [['list', '--modelfile'], '"list" takes no option --modelfile'],
    [['create'], '"create" needs a model'],
    [['create', 'm', 'a', 'b'], '"create" takes a model and a path, but got "b"'],
    [['create', 'm', 'a', '-f', 'b'], '"create" takes a path or a Modelfile, not both'],
    [['create', 'm', '-f'], "Option '-f, --file <value>' argument missing"],
    [['show'], '"show" needs a model'],
    [['rm'], '"rm" needs the name of a model'],
    [['cp', 'a'], '"cp" needs a destination'],
    [['help', 'run'], 'unknown command "run"'],
    [['help', 'toString'], 'unknown command "toString"'],
    [['frob', '--help'], 'unknown command "frob"'],
    [['help', 'fit', 'm'], '"help" takes no argument, but got "m"'],
    [
      ['fit', 'm', '--ctx', '-5'],
      /^Option '--ctx' argument is ambiguous: a value that begins with a dash is written --option=-value$/,
    ],
    [['fit', 'm', '--frob'], /^Unknown option '--frob'$/],
  ])('snug %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(message)
  })
})

const COMMANDS = [...helpText().matchAll(/^ {2}([a-z]+)/gm)].map(([, name]) => name ?? '')

test('every command of the help has a text of its own that fits a terminal', () => {
  expect(COMMANDS).toEqual(expect.arrayContaining(['serve', 'fit', 'ps', 'hardware', 'create', 'version']))
  for (const name of [undefined, ...COMMANDS]) {
    const text = helpText(name)
    expect(text).toMatch(
      name === undefined ? /^Usage: snug <command>\n/ : new RegExp(`^Usage: snug ${name}\\b`),
    )
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  }
})

test.each(Object.keys(FIT_OPTIONS))('the help on fit names --%s', (option) => {
  expect(helpText('fit')).toContain(`--${option} `)
})

test.each(Object.keys(Env.shape))('the help on settings names %s', (name) => {
  expect(helpText('settings')).toContain(name)
})
