import { expect, test } from 'vitest'
import { createTurns } from '../../../engine/llama/turns.ts'

test('works never overlap, and two users who come back for more alternate', async () => {
  const takeTurn = createTurns()
  const said: string[] = []
  let busy = 0
  const user = async (name: string) => {
    for (let i = 0; i < 3; i++) {
      await takeTurn(async () => {
        busy += 1
        expect(busy).toBe(1)
        await Promise.resolve()
        said.push(name)
        busy -= 1
      })
    }
  }
  await Promise.all([user('a'), user('b')])
  expect(said.join('')).toBe('ababab')
})

test('a work that fails tells who brought it and lets the next one in', async () => {
  const takeTurn = createTurns()
  const failed = takeTurn(async () => {
    throw new Error('boom')
  })
  const next = takeTurn(async () => 'fine')
  await expect(failed).rejects.toThrow('boom')
  await expect(next).resolves.toBe('fine')
})
