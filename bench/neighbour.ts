/** A program that only keeps a core busy: what the machine itself takes from whoever runs beside others. */
import { linesOf, spawnNode, stopped } from './child.ts'
import type { Contestant } from './contestant.ts'

const PROGRAM = `console.log('busy'); for (;;);`

/** Runs the work beside it. */
export async function besideBusyCore<T>(work: () => Promise<T>): Promise<T> {
  const neighbour = spawnNode(['--eval', PROGRAM], 'ignore')
  try {
    await linesOf(neighbour)()
    return await work()
  } finally {
    neighbour.kill('SIGKILL')
    await stopped(neighbour)
  }
}

/** The same contestant, with another core busy while it answers. */
export const withNeighbour = (contestant: Contestant): Contestant => ({
  ...contestant,
  name: `${contestant.name}, another core busy`,
  run: (asks) => besideBusyCore(() => contestant.run(asks)),
})
