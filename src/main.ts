#!/usr/bin/env node
import { ConfigError, loadConfig } from '../config/load.ts'
import { type Command, helpText, parseCommand } from './cli.ts'
import { StartError } from './start-error.ts'
import { SNUG_VERSION } from './version.ts'

let command: Command
try {
  command = parseCommand(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`snug: ${(error as Error).message}. Try: snug help\n`)
  process.exit(2)
}

try {
  if (command.name === 'help') process.stdout.write(helpText())
  else if (command.name === 'version') process.stdout.write(`snug ${SNUG_VERSION}\n`)
  else {
    const config = loadConfig(process.env)
    // Here and not above: help, version and bad settings need no server, and commands no web framework.
    if (command.name === 'serve') await (await import('./serve.ts')).serve(config)
    else await (await import('./commands/run.ts')).runCommand(config, command)
  }
} catch (error) {
  if (!(error instanceof ConfigError || error instanceof StartError)) throw error
  process.stderr.write(`snug: ${error.message}\n`)
  process.exit(1)
}
