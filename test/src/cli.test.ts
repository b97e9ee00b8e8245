import { describe, expect, test } from 'vitest'
import { Env } from '../../config/env.ts'
import { helpText, parseCommand } from '../../src/cli.ts'

test.each([
  [[], 'help'],
  [['help'], 'help'],
  [['--help'], 'help'],
  [['-h'], 'help'],
  [['serve', '--help'], 'help'],
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
  ])('snug %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(message)
  })
})

test.each(Object.keys(Env.shape))('the help names %s', (name) => {
  expect(helpText()).toContain(name)
})
