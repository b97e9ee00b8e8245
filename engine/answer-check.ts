import type { Generation } from './answer.ts'
import { validatorFor } from './answer-validator.ts'
import { EngineError } from './errors.ts'
import type { ErrorLog } from './log.ts'
import type { EngineEvent, Job } from './types.ts'

/**
 * Passes an answer on and, when it has ended by itself, checks it once more against the schema of its format, by other
 * means than the grammar it was written under. A mismatch is a fault of the engine: it is logged, and EngineError
 * `invalid_answer` takes the place of the end. Not checked: answers cut off, calls of tools, and schemas too large or
 * too slow to be checked.
 */
export async function* checkedAnswer(
  answer: AsyncGenerator<EngineEvent, Generation>,
  job: Job,
  stop: readonly string[],
  log: ErrorLog,
): AsyncGenerator<EngineEvent, Generation> {
  const { format } = job
  if (format === undefined || format === 'json' || !('schema' in format)) return yield* answer
  let text = ''
  let hasCalls = false
  try {
    for (;;) {
      const { done, value } = await answer.next()
      if (done) {
        // A stop string may have cut the answer anywhere.
        const isWhole = value.reason === 'stop' && !hasCalls && stop.length === 0
        if (isWhole) check(text, format.schema, log)
        return value
      }
      if (value.type === 'text-delta') text += value.text
      if (value.type === 'tool-call') hasCalls = true
      yield value
    }
  } finally {
    // Whoever stops reading here must stop the generation too.
    await answer.return(undefined as never)
  }
}

function check(text: string, schema: Record<string, unknown>, log: ErrorLog): void {
  const validator = validatorFor(schema)
  const faults = validator.faultsOf(text)
  if (faults === undefined) return
  if (faults.type === 'unchecked') {
    log.warn(
      { schema: validator.digest, why: faults.why },
      'an answer could not be checked against its schema',
    )
    return
  }
  log.error({ schema: validator.digest, why: faults.why }, 'an answer does not satisfy its schema')
  throw new EngineError('invalid_answer', `the answer does not satisfy the format's schema: ${faults.why}`)
}
