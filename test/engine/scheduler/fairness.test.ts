import { expect, test } from 'vitest'
import { charge, newFairClock, serve, settle } from '../../../engine/scheduler/fairness.ts'

const LIGHT = Array.from({ length: 9 }, (_, i) => ({ name: `light-${i}`, tokens: 32, atATime: 1 }))
const CLIENTS = [{ name: 'heavy', tokens: 256, atATime: 50 }, ...LIGHT]

/** What ten clients got of one slot, each with as many requests waiting as it keeps open. */
function shares(): number[] {
  const clock = newFairClock()
  const served = new Map(CLIENTS.map(({ name }) => [name, 0]))
  const ask = (client: (typeof CLIENTS)[number]) => {
    const { name, tokens } = client
    return { client, charged: charge(clock, { client: name, priority: 'interactive', tokens }) }
  }
  // The heavy client is there first, with all it wants.
  const waiting = CLIENTS.flatMap((client) => Array.from({ length: client.atATime }, () => ask(client)))
  for (let n = 0; n < 5000; n++) {
    waiting.sort((a, b) => a.charged.start - b.charged.start)
    const next = waiting.shift()
    if (next === undefined) break
    const { client, charged } = next
    serve(clock, charged)
    settle(clock, charged, client.tokens)
    served.set(client.name, (served.get(client.name) ?? 0) + client.tokens)
    waiting.push(ask(client))
  }
  return [...served.values()]
}

test('fifty requests of one client get it no more than others', () => {
  const all = shares()
  const sum = all.reduce((a, b) => a + b, 0)
  // Jain's index: 1 where all get the same.
  expect(sum ** 2 / (all.length * all.reduce((a, b) => a + b ** 2, 0))).toBeGreaterThan(0.99)
})

test('nobody waits for ever behind clients that are always new', () => {
  const clock = newFairClock()
  const asked = { client: 'patient', priority: 'interactive' as const, tokens: 512 }
  charge(clock, asked)
  const { start } = charge(clock, asked)
  const newcomers = Array.from({ length: 100 }, (_, n) => {
    const charged = charge(clock, { ...asked, client: `new ${n}` })
    serve(clock, charged)
    return charged.start
  })
  expect(newcomers[0]).toBeLessThan(start)
  expect(newcomers.at(-1)).toBeGreaterThan(start)
})
