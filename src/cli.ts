import { parseArgs } from 'node:util'
import { settingsHelp } from '../config/document.ts'
import type { CreateCommand } from './commands/create.ts'
import {
  FIT_OPTION_NAMES,
  FIT_OPTIONS,
  type FitCommand,
  type FitValues,
  fitCommandOf,
} from './commands/fit-options.ts'
import type { TransferCommand } from './commands/transfer.ts'

export type Command = { name: 'serve' } | { name: 'help' } | { name: 'version' } | LocalCommand

/** What the machine is made of. */
export interface HardwareCommand {
  name: 'hardware'
  asJson: boolean
  /** Measure the processor first. */
  calibrates: boolean
}

/** What works on the machine and the models folder, without a server; `ps` alone asks one. */
export type LocalCommand =
  | HardwareCommand
  | { name: 'list' }
  | { name: 'ps' }
  | { name: 'fit-history' }
  | ({ name: 'create' } & CreateCommand)
  | ({ name: 'fit' } & FitCommand)
  | ({ name: 'pull' | 'push' } & TransferCommand)
  | { name: 'show'; model: string; asModelfile: boolean }
  | { name: 'rm'; models: string[] }
  | { name: 'cp'; source: string; destination: string }

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
  file: { type: 'string', short: 'f' },
  quantize: { type: 'string', short: 'q' },
  modelfile: { type: 'boolean' },
  json: { type: 'boolean' },
  insecure: { type: 'boolean' },
  history: { type: 'boolean' },
  calibrate: { type: 'boolean' },
  ...FIT_OPTIONS,
} as const

/** Which options a command takes; --help and --version go with any. */
const TAKES: Readonly<Record<string, readonly (keyof typeof OPTIONS)[]>> = {
  create: ['file', 'quantize'],
  show: ['modelfile'],
  hardware: ['json', 'calibrate'],
  fit: ['json', 'history', ...FIT_OPTION_NAMES],
  pull: ['insecure'],
  push: ['insecure'],
}

/** What the command line asks for. Throws Error with a sentence for the person who typed it. */
export function parseCommand(args: readonly string[]): Command {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  if (values.help) return { name: 'help' }
  if (values.version) return { name: 'version' }
  const [command = 'help', ...rest] = positionals
  const allowed = Object.hasOwn(TAKES, command) ? TAKES[command] : []
  for (const option of Object.keys(values) as (keyof typeof OPTIONS)[]) {
    if (!allowed?.includes(option)) throw new Error(`"${command}" takes no option --${option}`)
  }
  switch (command) {
    case 'serve':
    case 'help':
    case 'version':
    case 'ps':
      expectArguments(command, rest, [])
      return { name: command }
    case 'list':
    case 'ls':
      expectArguments(command, rest, [])
      return { name: 'list' }
    case 'pull':
    case 'push':
      expectArguments(command, rest, ['model'])
      return { name: command, model: rest[0] ?? '', insecure: values.insecure === true }
    case 'show':
      expectArguments(command, rest, ['model'])
      return { name: 'show', model: rest[0] ?? '', asModelfile: values.modelfile === true }
    case 'hardware':
      expectArguments(command, rest, [])
      return { name: 'hardware', asJson: values.json === true, calibrates: values.calibrate === true }
    case 'fit':
      return fitOf(rest, values)
    case 'cp':
      expectArguments(command, rest, ['source', 'destination'])
      return { name: 'cp', source: rest[0] ?? '', destination: rest[1] ?? '' }
    case 'rm':
      if (rest.length === 0) throw new Error('"rm" needs the name of a model')
      return { name: 'rm', models: rest }
    case 'create':
      return createOf(rest, values)
    default:
      throw new Error(`unknown command "${command}"`)
  }
}

function fitOf(rest: readonly string[], values: FitValues & { history?: boolean }): Command {
  if (!values.history) {
    expectArguments('fit', rest, ['model'])
    return { name: 'fit', ...fitCommandOf(rest[0] ?? '', values) }
  }
  if (rest.length > 0 || Object.keys(values).length > 1) {
    throw new Error('"fit --history" takes neither a model nor another option')
  }
  return { name: 'fit-history' }
}

function createOf(
  rest: readonly string[],
  { file, quantize = '' }: { file?: string; quantize?: string },
): Command {
  const [model = '', path] = rest
  expectArguments('create', rest, path === undefined ? ['model'] : ['model', 'path'])
  if (path !== undefined && file !== undefined) {
    throw new Error('"create" takes a path or a Modelfile, not both')
  }
  const source = path === undefined ? {} : { path }
  return { name: 'create', model, ...source, modelfile: file ?? 'Modelfile', quantize }
}

function expectArguments(command: string, given: readonly string[], wanted: readonly string[]): void {
  const missing = wanted[given.length]
  if (missing !== undefined) throw new Error(`"${command}" needs a ${missing}`)
  const extra = given[wanted.length]
  if (extra === undefined) return
  const takes = wanted.length === 0 ? 'no argument' : wanted.map((one) => `a ${one}`).join(' and ')
  throw new Error(`"${command}" takes ${takes}, but got "${extra}"`)
}

export function helpText(): string {
  return `Usage: snug <command>

Commands:
  serve                  start the server
  pull NAME              get a model from its registry, or from Hugging Face (hf.co/user/repository:Q4_K_M); without a
                         tag, or with :auto, the quantization that suits this machine best
  push NAME              bring a model to the registry its name begins with (--insecure, with both: by http)
  create NAME            make a model from a Modelfile (-f FILE; ./Modelfile unless said)
  create NAME PATH       make a model from a GGUF file, or from a folder with a model
                         (--quantize TYPE, -q: store its weights as F16, Q8_0, Q4_K_M and so on, or auto for
                         what suits this machine)
  list                   list the installed models (also ls)
  ps                     list the models that the running server has in memory
  show NAME              describe a model (--modelfile: print the Modelfile that makes it)
  cp NAME OTHER          give a model another name
  rm NAME...             remove models
  fit MODEL              whether a model fits, in which quantization, where and how fast: an installed model, one of
                         the library, hf.co/user/repository, the address of a GGUF file, or a file (--why: all
                         reasons; --json; --device "2x RTX 3090", --ram "64 GB": on another machine; --quantization,
                         --ctx, --parallel, --kv, --gpu-layers: as you want it; --allow-disk; --exact: ask the library
                         for the sizes of its files)
  fit --history          how far off predictions of memory and speed were on this machine
  hardware               what this machine has: devices, memory, processor (--json: all of it, for programs;
                         --calibrate: first measure how fast the processor computes, for a few seconds)
  version                print the version (also --version, -v)
  help                   print this text (also --help, -h)

All but serve, ps and hardware work on the models folder itself: no server has to run.

Settings are environment variables, here with their defaults:
${settingsHelp()}
`
}
