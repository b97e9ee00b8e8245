/** Real child processes that stop answering. */
import { existsSync } from 'node:fs'
import { expect, onTestFinished, test } from 'vitest'
import { startRunner } from '../../../engine/runner/client.ts'
import type { HeartbeatTimes } from '../../../engine/runner/heartbeat.ts'
import { outputOf, planFor, randomModel, requestFor } from '../../helpers/runner.ts'

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
