import { expect, test } from 'vitest'
import { cellPool } from '../../../engine/llama/cell-pool.ts'

const GIB = 2 ** 30

/** A model of 4 GiB whose context of 8192 tokens takes 1 GiB. */
const plan = {
  slots: 0,
  contextLength: 8192,
  gpuLayers: -1,
  memory: { weightsBytes: 4 * GIB, kvBytesPerToken: 131_072 },
}
const pool = (hostGib: number, change: Partial<typeof plan> = {}, gpuGib = 0) =>
  cellPool({ ...plan, ...change }, { hostBytes: hostGib * GIB, gpuBytes: gpuGib * GIB })

test.each([
  ['far too little', 6, 1],
  ['room for one beside 4 GiB for others', 9.5, 1],
  ['room for two', 10.5, 2],
  ['room for many', 64, 4],
])('slots by free memory: %s', (_name, hostGib, slots) => {
  expect(pool(hostGib)).toEqual({ slots, cells: slots * 8192 })
})

test('slots by free memory look at the GPU where layers go there', () => {
  expect(pool(64, {}, 8.6).slots).toBe(3)
  expect(pool(10.5, { gpuLayers: 0 }, 80).slots).toBe(2)
})

test('a model whose need of memory is unknown has one slot, or as many as were asked for', () => {
  const { memory: _, ...unknown } = plan
  const free = { hostBytes: 64 * GIB, gpuBytes: 0 }
  expect(cellPool(unknown, free)).toEqual({ slots: 1, cells: 8192 })
  expect(cellPool({ ...unknown, slots: 3 }, free)).toEqual({ slots: 3, cells: 3 * 8192 })
})

test('slots that were asked for share fewer cells only where memory is not there', () => {
  expect(pool(8, { slots: 4 })).toEqual({ slots: 4, cells: 4 * 8192 })
  expect(pool(6, { slots: 4 })).toEqual({ slots: 4, cells: 2 * 8192 })
  expect(pool(6, { slots: 4 }, 1)).toEqual({ slots: 4, cells: 3 * 8192 })
  expect(pool(1, { slots: 4 })).toEqual({ slots: 4, cells: 8192 })
})
