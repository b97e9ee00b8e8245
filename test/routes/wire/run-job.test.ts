import type { FastifyReply } from 'fastify'
import { expect, test } from 'vitest'
import type { EngineEvent, Job } from '../../../engine/types.ts'
import { runJob } from '../../../routes/wire/run-job.ts'

const END: EngineEvent = {
  type: 'end',
  reason: 'length',
  usage: {
    promptTokens: 9,
    cachedTokens: 7,
    outputTokens: 2,
    thinkingTokens: 0,
    loadMs: 1,
    promptMs: 2,
    outputMs: 3,
    totalMs: 6,
  },
}
const job = { model: { shortName: 'tiny:latest' }, rawName: 'tiny' } as Job

function replyOf(events: (signal: AbortSignal) => AsyncIterable<EngineEvent>, stopping: AbortSignal) {
  const engine = { run: (_job: Job, signal: AbortSignal) => events(signal) }
  const raw = { once: () => {}, closed: false, writableFinished: false }
  const request = { headers: {}, ip: '127.0.0.1' }
  return { server: { engine, stopping }, request, raw } as unknown as FastifyReply
}

test('a finished job leaves its numbers for the log', async () => {
  const reply = replyOf(async function* () {
    yield END
  }, new AbortController().signal)
  for await (const event of runJob(job, reply)) expect(event).toBe(END)
  expect(reply.jobSummary).toEqual({
    model: 'tiny:latest',
    promptTokens: 9,
    cachedTokens: 7,
    outputTokens: 2,
    loadMs: 1,
    promptMs: 2,
    outputMs: 3,
    reason: 'length',
  })
})

test('a job that fails leaves the name of its model', async () => {
  const reply = replyOf(async function* () {
    yield { type: 'started' }
    throw new Error('boom')
  }, new AbortController().signal)
  const read = async () => {
    for await (const _event of runJob(job, reply));
  }
  await expect(read()).rejects.toThrow('boom')
  expect(reply.jobSummary).toEqual({ model: 'tiny:latest' })
})

test('a server that stops tells its jobs', async () => {
  const stop = new AbortController()
  const seen: boolean[] = []
  const reply = replyOf(async function* (signal) {
    seen.push(signal.aborted)
    yield { type: 'started' }
    seen.push(signal.aborted)
  }, stop.signal)
  for await (const _event of runJob(job, reply)) stop.abort()
  expect(seen).toEqual([false, true])
})
