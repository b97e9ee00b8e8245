/** Real child processes that stop answering. */
import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { collect } from '../../../engine/collect.ts'
import { startRunner } from '../../../engine/runner/client.ts'
import type { HeartbeatTimes } from '../../../engine/runner/heartbeat.ts'
import type { GenerateJob } from '../../../engine/types.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { outputOf, planFor, randomModel, requestFor } from '../../helpers/runner.ts'
import { openSnugTiny } from '../../helpers/snug-tiny.ts'
import { childrenOf } from '../../src/endless.ts'

const PROMPT = [1, 300, 301, 302]

async function watchedRunner(heartbeat: HeartbeatTimes) {
  const log: string[] = []
  const runner = await startRunner({
    plan: planFor(await randomModel()),
    libraryDir: undefined,
    environment: {},
    signal: new AbortController().signal,
    onProgress() {},
    log: (message) => log.push(message),
    heartbeat,
  })
  onTestFinished(() => runner.close())
  const { pid = 0 } = await runner.status()
  return { runner, pid, log }
}

test.skipIf(process.platform === 'win32')(
  'a runner that stops answering fails its request, and counts as gone only when its process is',
  async () => {
    const { runner, pid, log } = await watchedRunner({ everyMs: 50, silentBeats: 4, stuckBeats: 1e6 })
    const answer = outputOf(runner, requestFor(PROMPT))
    process.kill(pid, 'SIGSTOP')
    await expect(answer).rejects.toMatchObject({
      code: 'runner_died',
      message: /^model runner has unexpectedly stopped.*: the runner has not answered 4 pings$/,
    })
    await expect(outputOf(runner, requestFor(PROMPT))).rejects.toMatchObject({ code: 'runner_died' })
    expect(await runner.gone).toMatchObject({ code: 'runner_died' })
    expect(existsSync(`/proc/${pid}`)).toBe(false)
    expect(log).toContain('the runner has not answered 4 pings: it is ended')
  },
)

test.skipIf(process.platform === 'win32')('closing ends a runner that does not answer', async () => {
  const { runner, pid } = await watchedRunner({ everyMs: 1e6, silentBeats: 4, stuckBeats: 4 })
  process.kill(pid, 'SIGSTOP')
  await runner.close()
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
  expect(await runner.gone).toBeUndefined()
})

test.runIf(process.platform === 'linux')(
  'a request to a runner that hangs is answered by its successor, and its client sees nothing of it',
  async () => {
    const others = childrenOf(process.pid)
    const heartbeat = { everyMs: 50, silentBeats: 30, stuckBeats: 1e6 }
    const { engine, model } = await openSnugTiny(await tempFolder(), {}, { heartbeat })
    onTestFinished(() => engine.close())
    const job: GenerateJob = {
      kind: 'generate',
      model,
      rawName: 'snug-tiny',
      options: { temperature: 0, maxTokens: 10 },
      prompt: 'Hello',
      raw: false,
      truncate: true,
      shift: true,
    }
    const answer = async () => (await collect(engine.run(job, new AbortController().signal))).text
    const expected = await answer()
    const runners = () => childrenOf(process.pid).filter((pid) => !others.includes(pid))
    const [hanging = 0] = runners()
    process.kill(hanging, 'SIGSTOP')
    expect(await answer()).toBe(expected)
    expect(runners()).toHaveLength(1)
    expect(runners()).not.toContain(hanging)
  },
)
