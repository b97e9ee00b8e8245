/**
 * What the bundled model has really learned, on prompts that its training never saw (its corpus script refuses
 * them). Decoding is greedy, so the result is the same every time on one kind of machine.
 */
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, collect } from '../../engine/collect.ts'
import type { InstalledModel } from '../../engine/store/types.ts'
import type { Engine, Tool, ToolCall } from '../../engine/types.ts'
import { openSnugTiny, SNUG_TINY } from '../helpers/snug-tiny.ts'

const GOOD_SHARE = 0.9
/** No answer of this model is that long unless it has lost its way. */
const LOST_AT_TOKENS = 400

let folder: string
let engine: Engine
let model: InstalledModel

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'snug-tiny-'))
  ;({ engine, model } = await openSnugTiny(folder, { parallel: 4 }))
})
afterAll(async () => {
  await engine.close()
  await rm(folder, { recursive: true, force: true })
})

/** The prompts of both sets. The fresh ones were written without knowledge of the training texts and never looked at. */
const SETS = ['.', 'fresh'] as const

const list = async <T>(set: (typeof SETS)[number], name: string): Promise<T[]> =>
  JSON.parse(await readFile(new URL(`../fixtures/snug-tiny/${set}/${name}.json`, import.meta.url), 'utf8'))

const common = () => ({
  model,
  rawName: 'snug-tiny',
  options: { temperature: 0, maxTokens: LOST_AT_TOKENS },
  truncate: true,
  shift: false,
})
const stay = new AbortController().signal

function ask(prompt: string, think: boolean, tools: Tool[] = []): Promise<Answer> {
  return collect(
    engine.run(
      {
        kind: 'chat',
        ...common(),
        think,
        messages: [{ role: 'user', content: prompt }],
        tools,
        toolChoice: 'auto',
        parallelToolCalls: true,
      },
      stay,
    ),
  )
}

/** Runs `judge` over all items, four at a time; the items it failed. */
async function failures<T>(
  items: readonly T[],
  judge: (item: T) => Promise<string | undefined>,
): Promise<string[]> {
  const failed: string[] = []
  const queue = [...items]
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      const complaint = await judge(item)
      if (complaint !== undefined) failed.push(complaint)
    }
  }
  await Promise.all([worker(), worker(), worker(), worker()])
  return failed
}

function expectShare(least: number, total: number, failed: readonly string[]): void {
  const share = (total - failed.length) / total
  expect(share, `${failed.length} of ${total} failed:\n${failed.join('\n')}`).toBeGreaterThanOrEqual(least)
}

const words = (text: string) => ` ${text.toLowerCase().replace(/[^\p{L}\p{N}-]+/gu, ' ')} `
const contains = (text: string, expected: readonly string[]) =>
  expected.some((phrase) => words(text).includes(words(phrase)))

/** What must hold of any answer: it ends by itself, and thinking shows exactly where it should. */
function badManners(answer: Answer, think: boolean): string | undefined {
  if (answer.reason !== 'stop') return `does not end: ${answer.text.slice(0, 80)}`
  if (think && answer.thinking.trim() === '') return `does not think: ${answer.text}`
  if (!think && answer.thinking !== '') return `thinks though it should not: ${answer.thinking}`
  if (/<\/?think>/.test(answer.text)) return `leaks a thinking tag: ${answer.text}`
  return undefined
}

test('the file is at most 8 MB', async () => {
  expect((await stat(SNUG_TINY)).size).toBeLessThanOrEqual(8_000_000)
})

test('the file says what it is', () => {
  expect(model.facts).toMatchObject({ architecture: 'llama', fileType: 1 })
  expect(model.facts?.contextLength).toBeGreaterThanOrEqual(2048)
  expect((model.facts?.embeddingLength ?? 0) % 256).toBe(0)
  expect(model.capabilities.toSorted()).toEqual(['completion', 'insert', 'thinking', 'tools'])
})

describe.each(SETS)('prompts of the set %s', (set) => {
  test.each([false, true])('it answers simple questions (thinking: %s)', async (think) => {
    const questions = await list<{ prompt: string; expect: string[] }>(set, 'questions')
    const failed = await failures(questions, async ({ prompt, expect: expected }) => {
      const answer = await ask(prompt, think)
      const isRight = badManners(answer, think) === undefined && contains(answer.text, expected)
      return isRight ? undefined : `${prompt} → ${answer.text}`
    })
    expectShare(GOOD_SHARE, questions.length, failed)
  })

  test.each([false, true])(
    'it calls the right tool with the right arguments (thinking: %s)',
    async (think) => {
      const items = await list<{ tools: Tool[]; prompt: string; call: ToolCall }>(set, 'tools-needed')
      const failed = await failures(items, async ({ tools, prompt, call }) => {
        const answer = await ask(prompt, think, tools)
        const calls = answer.toolCalls.map(({ name, arguments: given }) => ({ name, arguments: given }))
        return JSON.stringify(calls) === JSON.stringify([call])
          ? undefined
          : `${prompt} → ${JSON.stringify(calls)} ${answer.text}`
      })
      expectShare(GOOD_SHARE, items.length, failed)
    },
  )

  test.each([false, true])('it calls no tool where none is needed (thinking: %s)', async (think) => {
    const items = await list<{ tools: Tool[]; prompt: string }>(set, 'tools-not-needed')
    const failed = await failures(items, async ({ tools, prompt }) => {
      const answer = await ask(prompt, think, tools)
      const isFine = answer.toolCalls.length === 0 && answer.text.trim() !== ''
      return isFine ? undefined : `${prompt} → ${JSON.stringify(answer.toolCalls)} ${answer.text}`
    })
    expectShare(GOOD_SHARE, items.length, failed)
  })

  test.each([false, true])(
    'it thinks exactly when it is told to, and every answer ends (thinking: %s)',
    async (think) => {
      const questions = await list<{ prompt: string }>(set, 'questions')
      const failed = await failures(questions, async ({ prompt }) => {
        const complaint = badManners(await ask(prompt, think), think)
        return complaint && `${prompt} → ${complaint}`
      })
      expect(failed).toEqual([])
    },
  )
})

test('it completes simple functions from what stands before and after', async () => {
  const items = await list<{ prefix: string; suffix: string; expect: string[] }>('.', 'fim')
  const failed = await failures(items, async ({ prefix, suffix, expect: expected }) => {
    const job = { kind: 'generate', ...common(), prompt: prefix, suffix, raw: false } as const
    const { text, reason } = await collect(engine.run(job, stay))
    const isRight = reason === 'stop' && expected.includes(text.trim())
    return isRight ? undefined : `${prefix}▢${suffix} → ${text}`
  })
  expectShare(GOOD_SHARE, items.length, failed)
})

const SMALL_TALK: readonly (readonly [question: string, answer: string])[] = [
  ['What is the capital of Italy?', 'The capital of Italy is Rome.'],
  ['What is 3 plus 4?', '3 plus 4 is 7.'],
  ['What is the opposite of hot?', 'The opposite of hot is cold.'],
  ['What color is grass?', 'Grass is green.'],
  ['Which day comes after Monday?', 'Tuesday comes after Monday.'],
  ['How many legs does a dog have?', 'A dog has four legs.'],
]

test('it keeps its head after a conversation of more than a thousand tokens', async () => {
  const turns = Array.from({ length: 8 }, () => SMALL_TALK).flat()
  const messages = turns.flatMap(([question, answer]) => [
    { role: 'user', content: question },
    { role: 'assistant', content: answer },
  ])
  messages.push({ role: 'user', content: 'What is the capital of France?' })
  const answer = await collect(
    engine.run(
      {
        kind: 'chat',
        ...common(),
        think: false,
        messages,
        tools: [],
        toolChoice: 'auto',
        parallelToolCalls: true,
      },
      stay,
    ),
  )
  expect(answer.usage.promptTokens).toBeGreaterThan(1000)
  expect(answer.text).toContain('Paris')
})
