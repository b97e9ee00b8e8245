import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect } from 'vitest'
import { installBundledModel } from '../../engine/store/bundled.ts'
import { tempFolder } from '../helpers/fixtures.ts'
import { SHAPE_SMALL, writeRandomModel } from '../helpers/random-model.ts'
import { server } from './spawned.ts'

/** A server with a model that never stops talking. */
export async function endlessServer() {
  const folder = await tempFolder()
  const file = join(folder, 'endless.gguf')
  await writeRandomModel(file, SHAPE_SMALL)
  await installBundledModel({ folder, name: 'endless', file, log: pino({ level: 'silent' }) })
  return server({ OLLAMA_MODELS: folder })
}

/** A request whose answer goes on until somebody stops it. */
export const ENDLESS = {
  model: 'endless',
  prompt: 'a',
  raw: true,
  options: { temperature: 0, num_predict: -1 },
}

/** The objects of a reply in newline-delimited JSON, as they come. */
export async function* readLines(reply: Response): AsyncGenerator<object> {
  let rest = ''
  for await (const piece of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) yield JSON.parse(line)
  }
  expect(rest).toBe('')
}

/** Process ids, from Linux; elsewhere there is nothing to compare. */
export function childrenOf(pid: number | undefined): number[] {
  const file = `/proc/${pid}/task/${pid}/children`
  return existsSync(file) ? readFileSync(file, 'utf8').split(' ').filter(Boolean).map(Number) : []
}

/** Those of them that hold a model; others come and go. */
export const runnersOf = (pid: number | undefined): number[] =>
  childrenOf(pid).filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').startsWith('snug runner'))

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
