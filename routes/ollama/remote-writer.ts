import type { InstalledModel } from '../../engine/store/types.ts'
import type { Writer } from './answer-job.ts'
import { toRemote } from './details.ts'

/** The same writer, whose objects also say where a stub's model really runs (ollama server/routes.go). */
export function withRemote(model: InstalledModel, write: Writer): Writer {
  const remote = toRemote(model)
  if (model.weightsPath !== undefined) return write
  const named = (object: object) => ({ ...object, ...remote })
  return {
    loaded: () => named(write.loaded()),
    line: (event) => {
      const line = write.line(event)
      return line && named(line)
    },
    answer: (answer) => named(write.answer(answer)),
    prompt: write.prompt,
  }
}
