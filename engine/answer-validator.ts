import { createHash } from 'node:crypto'
import vm from 'node:vm'
import { Ajv as Draft7 } from 'ajv'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'

/** Schemas larger than this are not compiled a second time, in characters of JSON. */
const MAX_SCHEMA_LENGTH = 64 * 1024
/** Validators kept, the least recently used going first. */
const MAX_VALIDATORS = 50
/** Both compiling and checking stop the whole server while they run. Recursive alternatives can take for ever. */
const TIME_LIMIT_MS = 500

/** Why a text is wrong, or why that is not known. */
export interface Faults {
  type: 'wrong' | 'unchecked'
  why: string
}

export interface Validator {
  /** Names the schema in logs, which must not hold what clients send. */
  readonly digest: string
  /** Undefined when the text is JSON that satisfies the schema. */
  faultsOf(text: string): Faults | undefined
}

const validators = new Map<string, Validator>()

/** The validator of a schema: JSON Schema 2020-12, or draft 7 where only that can be read. Never throws. */
export function validatorFor(schema: Record<string, unknown>): Validator {
  const source = JSON.stringify(schema)
  const digest = createHash('sha256').update(source).digest('hex')
  const validator = validators.get(digest) ?? createValidator(schema, source.length, digest)
  validators.delete(digest)
  validators.set(digest, validator)
  const [oldest] = validators.keys()
  if (validators.size > MAX_VALIDATORS && oldest !== undefined) validators.delete(oldest)
  return validator
}

function createValidator(schema: Record<string, unknown>, length: number, digest: string): Validator {
  const compiled = length > MAX_SCHEMA_LENGTH ? 'the schema is too large' : compile(schema)
  return {
    digest,
    faultsOf(text) {
      let value: unknown
      try {
        value = JSON.parse(text)
      } catch {
        // What the parser says of it quotes the answer, which belongs in no log.
        return { type: 'wrong', why: 'it is not JSON' }
      }
      if (typeof compiled === 'string') return { type: 'unchecked', why: compiled }
      try {
        if (withinTime(() => compiled(value))) return undefined
      } catch (error) {
        return { type: 'unchecked', why: reasonOf(error) }
      }
      const why = (compiled.errors ?? []).map(({ schemaPath, message }) => `${schemaPath} ${message}`)
      return { type: 'wrong', why: why.slice(0, 3).join('; ') }
    },
  }
}

/** The compiled schema, or why there is none. */
function compile(schema: Record<string, unknown>): ValidateFunction | string {
  // Schemas come from clients: none of these makes ajv fetch, print or refuse what is merely unusual.
  const options = {
    strict: false,
    validateSchema: false,
    meta: false,
    logger: false,
    inlineRefs: false,
    multipleOfPrecision: 6,
    addUsedSchema: false,
  } as const
  let why = ''
  for (const Ajv of [Ajv2020, Draft7]) {
    try {
      const ajv = formats.default(new Ajv(options))
      return withinTime(() => ajv.compile(schema))
    } catch (error) {
      why ||= reasonOf(error)
    }
  }
  return why
}

const context = vm.createContext({ work: () => undefined })
const runWork = new vm.Script('work()')

/** Runs synchronous work that is stopped when it takes too long, regular expressions included. */
function withinTime<T>(work: () => T): T {
  context.work = work
  try {
    return runWork.runInContext(context, { timeout: TIME_LIMIT_MS }) as T
  } finally {
    context.work = () => undefined
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200)
}
