import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, onTestFinished, test } from 'vitest'
import { lockAmongProcesses } from '../../../engine/store/process-lock.ts'
import { tempFolder } from '../../helpers/fixtures.ts'

const never = new AbortController().signal

test('a name is held by one at a time, and others are let in one after the other', async () => {
  const folder = await tempFolder()
  let inside = 0
  let most = 0
  const work = async () => {
    const unlock = await lockAmongProcesses(folder, 'x', never)
    most = Math.max(most, ++inside)
    await new Promise(setImmediate)
    inside -= 1
    unlock()
  }
  await Promise.all(Array.from({ length: 8 }, work))
  expect(most).toBe(1)
})

test('names do not wait for each other', async () => {
  const folder = await tempFolder()
  const unlock = [
    await lockAmongProcesses(folder, 'x', never),
    await lockAmongProcesses(folder, 'y', never),
    await lockAmongProcesses(await tempFolder(), 'x', never),
  ]
  for (const end of unlock) end()
})

test('whoever waits can leave', async () => {
  const folder = await tempFolder()
  const unlock = await lockAmongProcesses(folder, 'x', never)
  const leave = new AbortController()
  const waiting = lockAmongProcesses(folder, 'x', leave.signal)
  leave.abort(new Error('left'))
  await expect(waiting).rejects.toThrow('left')
  unlock()
})

test('what a killed process held is free', async () => {
  const folder = await tempFolder()
  const module = new URL('../../../engine/store/process-lock.ts', import.meta.url).href
  const program = `import('${module}').then(async ({ lockAmongProcesses }) => {
    await lockAmongProcesses(${JSON.stringify(folder)}, 'x', new AbortController().signal)
    console.log('held')
    setInterval(() => {}, 1000)
  })`
  const child = spawn(process.execPath, ['--import', 'tsx', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  const waiting = lockAmongProcesses(folder, 'x', never)
  child.kill('SIGKILL')
  const unlock = await waiting
  unlock()
})
