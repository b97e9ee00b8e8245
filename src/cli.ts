import { parseArgs } from 'node:util'
import type { CreateCommand } from './commands/create.ts'
import {
  FIT_OPTION_NAMES,
  FIT_OPTIONS,
  type FitCommand,
  type FitValues,
  fitCommandOf,
} from './commands/fit-options.ts'
import type { TransferCommand } from './commands/transfer.ts'
import { isHelpTopic } from './help.ts'

export type Command =
  | { name: 'serve' }
  | { name: 'help'; topic?: string }
  | { name: 'version' }
  | LocalCommand

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
  const { values, positionals } = parsed(args)
  const [command = 'help', ...rest] = positionals
  if (values.help) return helpOn(command === 'help' ? rest : [command])
  if (values.version) return { name: 'version' }
  expectOptions(command, values)
  switch (command) {
    case 'help':
      return helpOn(rest)
    case 'serve':
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

function expectOptions(command: string, values: object): void {
  const allowed: readonly string[] = (Object.hasOwn(TAKES, command) && TAKES[command]) || []
  for (const option of Object.keys(values)) {
    if (!allowed.includes(option)) throw new Error(`"${command}" takes no option --${option}`)
  }
}

/** Node's sentences about options go on for lines, and end in examples; the first sentence says it. */
function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS })
  } catch (error) {
    const [said = ''] = (error as Error).message.split(/\.(?:\s|$)/, 1)
    const isDashed = said.endsWith('argument is ambiguous')
    throw new Error(isDashed ? `${said}: a value that begins with a dash is written --option=-value` : said, {
      cause: error,
    })
  }
}

function helpOn([topic, ...more]: readonly string[]): Command {
  if (topic === undefined) return { name: 'help' }
  expectArguments('help', more, [])
  if (!isHelpTopic(topic)) throw new Error(`unknown command "${topic}"`)
  return { name: 'help', topic }
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
