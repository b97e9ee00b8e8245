import { parseArgs } from 'node:util'
import { settingsHelp } from '../config/document.ts'

export type Command = 'serve' | 'help' | 'version'

/** What the command line asks for. Throws Error with a sentence for the person who typed it. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } },
  })
  if (values.help) return 'help'
  if (values.version) return 'version'
  const [command = 'help', extra] = positionals
  if (command !== 'serve' && command !== 'help' && command !== 'version') {
    throw new Error(`unknown command "${command}"`)
  }
  if (extra !== undefined) throw new Error(`"${command}" takes no argument, but got "${extra}"`)
  return command
}

export function helpText(): string {
  return `Usage: snug <command>

Commands:
  serve      start the server
  version    print the version (also --version, -v)
  help       print this text (also --help, -h)

Settings are environment variables, here with their defaults:
${settingsHelp()}
`
}
