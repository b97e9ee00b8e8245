/** Interleavings that have stopped schedulers of other servers for hours. */
import { expect, test } from 'vitest'
import { EngineError } from '../../../engine/errors.ts'
import { heldBackend } from '../../helpers/held-backend.ts'
import { scheduled } from './setup.ts'

test('a model that is to leave is not kept by requests for it, even one that was to stay for ever', async () => {
  const { ask, served, settle, keys } = scheduled({}, { maxLoadedModels: 1 })
  const first = await ask('a', 'first', { keepAliveMs: Infinity })
  const other = ask('b', 'other')
  // They come while the other one waits for the model to leave, and each would keep it alive.
  const again = [ask('a', 'again', { keepAliveMs: Infinity }), ask('a', 'and again')]
  await settle()
  expect(served).toEqual(['first'])
  first.release()
  const otherLease = await other
  expect([served, keys()]).toEqual([['first', 'other'], ['b']])
  otherLease.release()
  const second = await Promise.race(again)
  second.release()
  await Promise.all(again)
  expect(served).toHaveLength(4)
})

test('while a load waits for a busy model to leave, loaded models answer and models that have room load', async () => {
  const sizes: Record<string, number> = { busy: 8, large: 8, small: 1, idle: 1 }
  const { ask, served, settle, scheduler } = scheduled(
    {},
    {
      async plan(tag, plan, { leaving }) {
        const inUse = scheduler.residents().reduce((sum, { tag: other }) => sum + (sizes[other] ?? 0), 0)
        const room = 12 - inUse
        const needs = sizes[tag] ?? 0
        if (needs > room + (leaving.RAM ?? 0)) throw new EngineError('does_not_fit', 'too large')
        return { plan, needs: { RAM: needs }, room: { RAM: room } }
      },
      backend: sized(sizes),
    },
  )
  const busy = await ask('busy')
  ;(await ask('idle')).release()
  const large = ask('large')
  await settle()
  ;(await ask('idle', 'idle again')).release()
  ;(await ask('small')).release()
  expect(served).toEqual(['busy', 'idle', 'idle again', 'small'])
  busy.release()
  await large
  expect(served.at(-1)).toBe('large')
})

test('what could never fit is refused at once, and nobody leaves for it', async () => {
  const { ask, keys } = scheduled(
    {},
    {
      async plan(tag, plan) {
        if (tag === 'huge') throw new EngineError('does_not_fit', 'huge needs 900 GiB')
        return { plan, needs: { RAM: 1 }, room: { RAM: 9 } }
      },
    },
  )
  ;(await ask('a')).release()
  const busy = await ask('b')
  await expect(ask('huge')).rejects.toMatchObject({ code: 'does_not_fit', message: 'huge needs 900 GiB' })
  expect(keys()).toEqual(['a', 'b'])
  busy.release()
})

test('a load that hangs and a runner that does not go hold up nobody but those who want that model', async () => {
  const { ask, loads, closes, served, settle, scheduler } = scheduled({ holdsLoads: true, holdsCloses: true })
  const a = ask('a')
  loads[0]?.go()
  ;(await a).release()
  scheduler.unload({ weightsPath: 'a', adapterPaths: [] })
  void ask('a', 'a again').catch(() => {})
  const b = ask('b')
  await settle()
  loads.find(({ path }) => path === 'b')?.go()
  await b
  expect([served, closes.length]).toEqual([['a', 'b'], 1])
  expect(await scheduler.pulse()).toMatchObject({ waiting: 1 })
})

/** A backend whose models take as many bytes as said. */
function sized(sizes: Record<string, number>) {
  const { backend } = heldBackend()
  return {
    ...backend,
    async load(...args: Parameters<typeof backend.load>) {
      const runner = await backend.load(...args)
      const bytes = sizes[args[0].weightsPath] ?? 0
      return {
        ...runner,
        info: { ...runner.info, buffers: [{ device: 'CPU', kind: 'weights' as const, bytes }] },
      }
    },
  }
}
