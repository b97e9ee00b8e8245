import type { Config } from '../../config/load.ts'
import { EngineError } from '../../engine/errors.ts'
import { GgufError } from '../../engine/gguf/error.ts'
import { ModelfileError } from '../../formats/modelfile/types.ts'
import type { LocalCommand } from '../cli.ts'
import { StartError } from '../start-error.ts'
import { createCommand } from './create.ts'
import { fitCommand, historyCommand } from './fit.ts'
import { hardwareCommand } from './hardware.ts'
import { copyCommand, listCommand, removeCommand, showCommand } from './models.ts'
import { psCommand } from './ps.ts'
import { pullCommand, pushCommand } from './transfer.ts'

/** As shells count: 128 and the number of SIGINT. */
const INTERRUPTED = 130

/** Runs a command on this machine. Throws StartError with a sentence for the person who typed it. */
export async function runCommand(config: Config, command: LocalCommand): Promise<void> {
  const stop = new AbortController()
  const interrupt = () => stop.abort()
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
  try {
    process.stdout.write(await output(config, command, stop.signal))
  } catch (error) {
    if (stop.signal.aborted) process.exitCode = INTERRUPTED
    else throw explained(error)
  } finally {
    process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
  }
}

async function output(config: Config, command: LocalCommand, signal: AbortSignal): Promise<string> {
  switch (command.name) {
    case 'create':
      await createCommand(config, command, process.stderr, signal)
      return ''
    case 'pull':
      await pullCommand(config, command, process.stderr, signal)
      return ''
    case 'push':
      await pushCommand(config, command, process.stderr, signal)
      return ''
    case 'fit':
      return fitCommand(config, command, process.stdout, signal)
    case 'fit-history':
      return historyCommand(config)
    case 'hardware':
      return hardwareCommand(config, command, process.stderr, signal)
    case 'list':
      return listCommand(config)
    case 'ps':
      return psCommand(config, signal)
    case 'show':
      return showCommand(config, command.model, command.asModelfile)
    case 'rm':
      return removeCommand(config, command.models)
    case 'cp':
      return copyCommand(config, command.source, command.destination)
  }
}

/** What is the fault of files or of what was typed needs no stack; everything else is ours. */
function explained(error: unknown): unknown {
  const isExpected =
    error instanceof EngineError ||
    error instanceof ModelfileError ||
    error instanceof GgufError ||
    (error instanceof Error && 'syscall' in error)
  return isExpected ? new StartError(error.message, { cause: error }) : error
}
