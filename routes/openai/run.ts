import type { FastifyReply } from 'fastify'
import { type Answer, collect } from '../../engine/collect.ts'
import type { EngineEvent, Job, Usage } from '../../engine/types.ts'
import { askerOf } from '../wire/asker.ts'
import { announceChoice, announceDropped } from '../wire/run-job.ts'
import { type Indexed, merge, type Open } from './parallel.ts'

/** More jobs of one request than this wait for each other: the rest of the queue is for other clients. */
const MAX_SIDE_BY_SIDE = 8

/** The events of several jobs, as they come. The first failure ends them all. */
export function runAll(
  jobs: readonly Job[],
  reply: FastifyReply,
  signal: AbortSignal,
): AsyncGenerator<Indexed<EngineEvent>> {
  return merge(sourcesOf(jobs, reply), MAX_SIDE_BY_SIDE, signal)
}

/** The answers of several jobs, in the order of the jobs. The first failure ends them all. */
export async function collectAll(
  jobs: readonly Job[],
  reply: FastifyReply,
  signal: AbortSignal,
): Promise<Answer[]> {
  const wholes = sourcesOf(jobs, reply).map(
    (open): Open<Answer> =>
      async function* (both) {
        yield await collect(open(both))
      },
  )
  const answers: Answer[] = []
  for await (const { index, item } of merge(wholes, MAX_SIDE_BY_SIDE, signal)) answers[index] = item
  return answers
}

type End = Extract<EngineEvent, { type: 'end' }>

/** Runs jobs for `reply`, and keeps what the log says of them up to date. */
function sourcesOf(jobs: readonly Job[], reply: FastifyReply): Open<EngineEvent>[] {
  const ends: End[] = []
  return jobs.map(
    (job) =>
      async function* (both) {
        announceChoice(reply, job)
        reply.jobSummary ??= { model: job.model.shortName }
        for await (const event of eventsOf(
          job,
          reply.server.engine.run({ ...job, ...askerOf(reply) }, both),
        )) {
          if (event.type === 'started') announceDropped(reply, event.droppedTokens)
          if (event.type === 'end') {
            ends.push(event)
            reply.jobSummary = { model: job.model.shortName, ...summaryOf(ends), reason: event.reason }
          }
          yield event
        }
      },
  )
}

/** A text completion has no place for thoughts, nor for their log-probabilities. */
async function* eventsOf(job: Job, events: AsyncIterable<EngineEvent>): AsyncGenerator<EngineEvent> {
  for await (const event of events) {
    if (job.kind === 'chat' || event.type !== 'thinking-delta') yield event
  }
}

/** A number that is only worth a place where it is not 0. */
const some = (name: keyof Usage, count: number) => (count > 0 ? { [name]: count } : {})

/** Tokens add up; times do not, because the jobs ran at the same time. */
function summaryOf(ends: readonly End[]) {
  const all = (of: (usage: Usage) => number) => ends.map((end) => of(end.usage))
  const sum = (numbers: number[]) => numbers.reduce((total, n) => total + n, 0)
  return {
    promptTokens: sum(all((usage) => usage.promptTokens)),
    cachedTokens: sum(all((usage) => usage.cachedTokens)),
    outputTokens: sum(all((usage) => usage.outputTokens)),
    ...some('droppedTokens', sum(all((usage) => usage.droppedTokens ?? 0))),
    ...some('shiftedTokens', sum(all((usage) => usage.shiftedTokens ?? 0))),
    ...some('draftedTokens', sum(all((usage) => usage.draftedTokens ?? 0))),
    ...some('acceptedTokens', sum(all((usage) => usage.acceptedTokens ?? 0))),
    loadMs: Math.max(...all((usage) => usage.loadMs)),
    promptMs: Math.max(...all((usage) => usage.promptMs)),
    outputMs: Math.max(...all((usage) => usage.outputMs)),
  }
}
