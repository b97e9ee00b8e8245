import { describe, expect, test } from 'vitest'
import { type EmbeddingRequest, isWhole, packStep } from '../../../engine/llama/embedding-batch.ts'

const request = (id: number, ...lengths: number[]): EmbeddingRequest => ({
  id,
  inputs: lengths.map((length) => new Array<number>(length).fill(7)),
  vectors: new Float32Array(),
  next: 0,
  done: 0,
  isCancelled: false,
})
const LIMITS = { batch: 10, sequences: 4, canSplit: false }
const shown = (parts: ReturnType<typeof packStep>) =>
  parts.map(({ request: { id }, index, from, count }) => `${id}.${index}[${from}+${count}]`)

describe('a step', () => {
  test('takes one input of each request in turn', () => {
    const queue = [request(1, 2, 2, 2), request(2, 2)]
    expect(shown(packStep(queue, undefined, LIMITS))).toEqual([
      '1.0[0+2]',
      '2.0[0+2]',
      '1.1[0+2]',
      '1.2[0+2]',
    ])
    expect(queue).toEqual([])
  })

  test('leaves what does not fit for the next one', () => {
    const queue = [request(1, 6, 6)]
    expect(shown(packStep(queue, undefined, LIMITS))).toEqual(['1.0[0+6]'])
    expect(shown(packStep(queue, undefined, LIMITS))).toEqual(['1.1[0+6]'])
    expect(packStep(queue, undefined, LIMITS)).toEqual([])
  })

  test('has a sequence of its own for each input, and no more than there are', () => {
    const parts = packStep([request(1, 1, 1, 1, 1, 1, 1)], undefined, LIMITS)
    expect(parts.map((part) => part.sequence)).toEqual([0, 1, 2, 3])
  })

  test('splits an input where that is possible, and goes on with it first', () => {
    const limits = { ...LIMITS, canSplit: true }
    const queue = [request(1, 4), request(2, 18), request(3, 3)]
    const first = packStep(queue, undefined, limits)
    expect(shown(first)).toEqual(['1.0[0+4]', '2.0[0+6]'])
    const open = first[1]
    if (open === undefined) throw new Error('nothing was split')
    expect([isWhole(open), open.sequence]).toEqual([false, 1])
    const second = packStep(queue, { ...open, from: 6 }, limits)
    expect(shown(second)).toEqual(['2.0[6+10]'])
    const third = packStep(queue, { ...open, from: 16 }, limits)
    expect(shown(third)).toEqual(['2.0[16+2]', '3.0[0+3]'])
    expect(third.map((part) => part.sequence)).toEqual([1, 0])
    expect(third.every(isWhole)).toBe(true)
  })
})
