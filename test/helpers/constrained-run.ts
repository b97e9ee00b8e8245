import { Ajv as Draft7 } from 'ajv'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { collect } from '../../engine/collect.ts'
import type { InstalledModel } from '../../engine/store/types.ts'
import type { AnswerFormat, Engine, GenerateJob } from '../../engine/types.ts'

/** What came of the generations under the schemas of one kind. */
export interface KindResult {
  kind: string
  schemas: number
  /** Ended by themselves. */
  finished: number
  valid: number
  /** Cut off at the most tokens there may be; not counted as finished. */
  cut: number
  tokens: number
  /** The first answers that do not parse or do not validate. */
  failures: string[]
}

interface Run {
  engine: Engine
  model: InstalledModel
  schemas: Readonly<Record<string, readonly Record<string, unknown>[]>>
  /** Finished generations wanted, over all schemas alike. */
  count: number
  streams?: number
  maxTokens?: number
  /** Tokens that end strings and lists, made likelier so that random walks end. */
  closing?: readonly number[]
}

const PARALLEL = 8
const CLOSING_BIAS = 3

/** Generates under every schema in turn, many at a time, with another seed each; validates with a plain ajv. */
export async function constrainedRun(run: Run): Promise<KindResult[]> {
  const cases = Object.entries(run.schemas).flatMap(([kind, schemas]) =>
    schemas.map((schema) => ({ kind, schema, validate: validatorOf(schema) })),
  )
  const results = new Map(
    Object.entries(run.schemas).map(([kind, { length }]) => [
      kind,
      { kind, schemas: length, finished: 0, valid: 0, cut: 0, tokens: 0, failures: [] as string[] },
    ]),
  )
  let started = 0
  let finished = 0
  /** One generation; whether it counts. */
  async function once(): Promise<boolean> {
    const seed = started++
    const each = cases[seed % cases.length]
    const result = each && results.get(each.kind)
    if (each === undefined || result === undefined) throw new Error('there are no schemas')
    const answer = await generate(run, { schema: each.schema }, seed)
    result.tokens += answer.tokens
    if (answer.reason === 'length') {
      result.cut += 1
      return false
    }
    const fault = answer.fault ?? faultIn(answer.text, each.validate)
    const shown = `${answer.text.slice(0, 300)} under ${JSON.stringify(each.schema).slice(0, 300)}`
    if (fault === undefined) result.valid += 1
    else result.failures.push(`${fault}: ${shown}`)
    result.finished += 1
    return true
  }
  async function stream(): Promise<void> {
    while (finished < run.count) {
      if (await once()) finished += 1
      if (started > run.count * 10) throw new Error('too many generations are cut off')
    }
  }
  await Promise.all(Array.from({ length: run.streams ?? PARALLEL }, stream))
  return [...results.values()]
}

async function generate(
  { engine, model, maxTokens = 400, closing = [] }: Run,
  format: AnswerFormat,
  seed: number,
): Promise<{ text: string; reason: 'stop' | 'length'; tokens: number; fault?: string }> {
  const job: GenerateJob = {
    kind: 'generate',
    model,
    rawName: model.shortName,
    prompt: 'JSON:',
    raw: true,
    options: {
      temperature: 1,
      topK: 0,
      topP: 1,
      minP: 0,
      seed,
      maxTokens,
      contextLength: 1024,
      logitBias: closing.map((token) => [token, CLOSING_BIAS] as const),
    },
    format,
    truncate: true,
    shift: false,
  }
  try {
    const { text, reason, usage } = await collect(engine.run(job, new AbortController().signal))
    return { text, reason, tokens: usage.outputTokens }
  } catch (error) {
    return {
      text: '',
      reason: 'stop',
      tokens: 0,
      fault: error instanceof Error ? error.message : String(error),
    }
  }
}

function validatorOf(schema: Record<string, unknown>): ValidateFunction {
  // Items written as a list are draft 7.
  const Ajv = JSON.stringify(schema).includes('"items":[') || 'dependencies' in schema ? Draft7 : Ajv2020
  return formats
    .default(new Ajv({ strict: false, validateSchema: false, multipleOfPrecision: 6, logger: false }))
    .compile(schema)
}

function faultIn(text: string, validate: ValidateFunction): string | undefined {
  try {
    if (validate(JSON.parse(text))) return undefined
  } catch {
    return 'not JSON'
  }
  return validate.errors?.map(({ schemaPath, message }) => `${schemaPath} ${message}`).join('; ') ?? 'invalid'
}

/** Ids of the bytes `"`, `]` and `}` in the vocabulary of test/helpers/random-model.ts: its first three are special. */
export const CLOSING_BYTES = ['"', ']', '}'].map((char) => 3 + char.charCodeAt(0))
