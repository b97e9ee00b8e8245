import { setImmediate as turn } from 'node:timers/promises'
import type { Backend, LoadPlan, Runner, RunnerEvent, RunnerRequest } from '../../engine/backend.ts'
import { RunnerDiedError } from '../../engine/errors.ts'
import { ScriptedBackend } from './scripted-backend.ts'

/** What a request said to a runner that works on it. */
interface Work {
  text: string
  /** Requests on the same runner when this one came, itself included. */
  company: number
}

/**
 * A backend whose runners die, with everybody in them, of a request whose prompt has the word `poison`: before its
 * first piece of answer, or after as many pieces as `poison3` says. Other requests answer in `pieces` pieces.
 */
export function fragileBackend({ pieces = 3 } = {}) {
  const scripted = new ScriptedBackend()
  const runs: Work[] = []
  const state = {
    loads: 0,
    deaths: 0,
    atWork: 0,
    /** While set, nobody gets further than to be at work. */
    isHeld: false,
    /** Ends the runner that was loaded last. */
    kill(): unknown {
      throw new Error('nothing is loaded')
    },
  }

  async function load(plan: LoadPlan, signal: AbortSignal, onProgress: (fraction: number) => void) {
    const runner = await scripted.load(plan, signal, onProgress)
    state.loads += 1
    let death: Error | undefined
    let working = 0
    let tellGone: (error: Error) => void = () => {}
    const died = new Promise<Error>((resolve) => {
      tellGone = resolve
    })
    const kill = (): Error => {
      if (death === undefined) state.deaths += 1
      death ??= new RunnerDiedError()
      tellGone(death)
      return death
    }
    state.kill = kill

    async function work(turns: number, abort: AbortSignal): Promise<void> {
      for (let i = 0; i < turns; i++) await turn()
      while (state.isHeld && death === undefined) await turn()
      if (death !== undefined) throw death
      abort.throwIfAborted()
    }

    async function* generate(request: RunnerRequest, abort: AbortSignal): AsyncGenerator<RunnerEvent> {
      const text = await runner.detokenize(request.prompt)
      const [poison, fatalPiece] = /poison(\d*)/.exec(text) ?? []
      // Time for the others to come in; the fatal one is fast, so that it finds them with nothing given.
      const turns = poison === undefined ? 8 : 2
      working += 1
      state.atWork += 1
      runs.push({ text, company: working })
      try {
        for (let piece = 0; piece < pieces; piece++) {
          await work(turns, abort)
          if (poison !== undefined && piece === Number(fatalPiece)) throw kill()
          yield { type: 'text', text: `${text.trim()} ${piece};`, tokens: 1 }
        }
        yield { type: 'end', reason: 'stop', outputTokens: pieces, outputMs: 1 }
      } finally {
        working -= 1
        state.atWork -= 1
      }
    }
    const gone = Promise.race([runner.gone, died])
    return { ...runner, gone, generate } satisfies Runner
  }

  const backend: Backend = { name: 'fragile', load, close: () => scripted.close() }
  return { backend, runs, state }
}
