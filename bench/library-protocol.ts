import { createInterface } from 'node:readline'
import type { Ask, Stream } from './contestant.ts'

type Question = { asks: Ask[] } | { abandoned: Ask; afterMs: number; next: Ask }

/** Prints `ready`, then one line of JSON for each line on stdin, until that ends. */
export async function answerLines(
  ready: string,
  answers: {
    generate: (asks: readonly Ask[]) => Promise<Stream[]>
    abort: (abandoned: Ask, afterMs: number, next: Ask) => Promise<number>
  },
): Promise<void> {
  console.log(ready)
  for await (const line of createInterface({ input: process.stdin })) {
    const question = JSON.parse(line) as Question
    const answer =
      'asks' in question
        ? await answers.generate(question.asks)
        : await answers.abort(question.abandoned, question.afterMs, question.next)
    console.log(JSON.stringify(answer))
  }
}
