import { settingsHelp } from '../config/document.ts'

interface Topic {
  /** What stands behind `snug`, a line for each form. */
  usage: readonly string[]
  /** In the list of commands. */
  summary: string
  /** What there is to know beside that, in lines of at most 80 characters. */
  details?: string
}

const INSECURE = '  --insecure  speak to the registry by http'

const TOPICS: Readonly<Record<string, Topic>> = {
  serve: {
    usage: ['serve'],
    summary: 'start the server',
    details: 'It listens on OLLAMA_HOST until Ctrl+C or SIGTERM, and lets running answers end.',
  },
  fit: {
    usage: ['fit MODEL', 'fit --history'],
    summary: 'whether a model fits this machine, or another one, and how',
    details: `MODEL is an installed model, one of Ollama's library, hf.co/USER/REPOSITORY, the
address of a GGUF file, or a GGUF file. Nothing of it has to be there yet.

  --why                all reasons, and what lies where
  --json               the same for programs, as POST /api/fit answers
  --device GPUS        to imagine: "2x RTX 3090"; repeated for others, or "none"
  --ram SIZE           to imagine: "64 GB", or "64 GB at 80 GB/s"
  --quantization TYPE  such as Q4_K_M
  --ctx TOKENS         context length
  --parallel COUNT     answers at the same time
  --kv TYPE            type of the attention cache: f16, q8_0 or q4_0
  --gpu-layers COUNT   layers on GPUs, the output counted as one
  --allow-disk         weights without room in memory may stay on disk
  --exact              ask the registry for the sizes of its files
  --history            how far off predictions of memory and speed were here

What is not named is chosen. "~" marks sizes that are computed.`,
  },
  pull: {
    usage: ['pull NAME'],
    summary: 'get a model from its registry or from Hugging Face',
    details: `NAME is one of Ollama's library, such as llama3.2:1b, or
hf.co/USER/REPOSITORY:Q4_K_M. Without a tag, or with :auto, the quantization
that suits this machine best is taken. An interrupted pull goes on where it
stopped.

${INSECURE}`,
  },
  push: {
    usage: ['push NAME'],
    summary: 'bring a model to the registry its name begins with',
    details: INSECURE,
  },
  create: {
    usage: ['create NAME [-f MODELFILE]', 'create NAME PATH'],
    summary: 'make a model from a Modelfile, a GGUF file or a folder',
    details: `Without -f the file is ./Modelfile. PATH is a GGUF file, or a folder with the
parts of one or with a model in safetensors.

  -f, --file FILE      the Modelfile
  -q, --quantize TYPE  store its weights as F16, Q8_0, Q4_K_M and so on, or
                       "auto" for what suits this machine`,
  },
  list: { usage: ['list', 'ls'], summary: 'list the installed models' },
  ps: {
    usage: ['ps'],
    summary: 'list the models that the running server has in memory',
    details: 'It asks the server at OLLAMA_HOST.',
  },
  show: {
    usage: ['show NAME'],
    summary: 'describe a model',
    details: '  --modelfile  print the Modelfile that makes it',
  },
  cp: { usage: ['cp NAME OTHER'], summary: 'give a model another name' },
  rm: { usage: ['rm NAME...'], summary: 'remove models' },
  hardware: {
    usage: ['hardware'],
    summary: 'what this machine has: GPUs, memory, processor',
    details: `  --json       all of it, for programs: sizes in bytes, bandwidths in GB/s
  --calibrate  first measure how fast the processor computes: a minute or less`,
  },
  version: { usage: ['version'], summary: 'print the version (also --version, -v)' },
  help: {
    usage: ['help [COMMAND]'],
    summary: 'print this text, or more about a command (also --help, -h)',
  },
}

/** Other names of commands. */
const ALIASES: Readonly<Record<string, string>> = { ls: 'list' }

const SETTINGS = 'settings'

/** Whether there is a text about it. */
export const isHelpTopic = (topic: string): boolean =>
  topic === SETTINGS || Object.hasOwn(TOPICS, ALIASES[topic] ?? topic)

/** The list of commands, all about one of them, or the settings. */
export function helpText(topic?: string): string {
  if (topic === SETTINGS)
    return `Settings are environment variables, here with their defaults:\n${settingsHelp()}\n`
  const about = topic === undefined ? undefined : TOPICS[ALIASES[topic] ?? topic]
  return about === undefined ? overview() : topicText(about)
}

function topicText({ usage, summary, details }: Topic): string {
  const lines = usage.map((line, at) => `${at === 0 ? 'Usage:' : '      '} snug ${line}`)
  const said = `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`
  return `${[...lines, '', said, ...(details === undefined ? [] : ['', details])].join('\n')}\n`
}

function overview(): string {
  const commands = Object.values(TOPICS).map(({ usage: [first = ''], summary }) => {
    const form = first.replace(' [-f MODELFILE]', '')
    return `  ${form.padEnd(15)}  ${summary}`
  })
  return `Usage: snug <command>

${commands.join('\n')}

All but serve, ps and hardware work on the models folder itself: no server has
to run. More: snug help COMMAND, or COMMAND --help. Settings are environment
variables: snug help ${SETTINGS} lists them.
`
}
