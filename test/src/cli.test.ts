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
])('snug %j means %s', (args, command) => {
  expect(parseCommand(args)).toBe(command)
})

describe('anything else is a mistake that is named', () => {
  test.each([
    [['run'], 'unknown command "run"'],
    [['toString'], 'unknown command "toString"'],
    [['serve', 'now'], '"serve" takes no argument, but got "now"'],
    [['serve', '--port', '1'], "Unknown option '--port'"],
  ])('snug %j', (args, message) => {
    expect(() => parseCommand(args)).toThrow(message)
  })
})

test.each(Object.keys(Env.shape))('the help names %s', (name) => {
  expect(helpText()).toContain(name)
})
