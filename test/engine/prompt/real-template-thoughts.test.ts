import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { thinkingSplitter } from '../../../engine/prompt/thinking.ts'
import { thinkingTags } from '../../../engine/prompt/thinking-tags.ts'
import { cuttings } from './call-round-trip.ts'

/** Templates that models ship with. They are not part of this repository. */
const FOLDER = new URL('../../../../shared/data/templates/', import.meta.url)
const TEMPLATES = (existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  .filter((file) => file.endsWith('.jinja'))
  .flatMap((file) => {
    const tags = thinkingTags(readFileSync(new URL(file, FOLDER), 'utf8'))
    return tags === undefined ? [] : [{ file, tags }]
  })

if (TEMPLATES.length === 0) {
  test('thoughts in the tags of real templates are told apart where there are some', (context) => {
    context.skip('skipped: no templates next to this repository')
  })
}

const THOUGHT = 'Ist 3 < 4 und a </b>?\n\n[x] <|y|> Zürich 🦊 <'
const ANSWER = 'Ja: <b>3 < 4</b>\n</ [/ <|z|>'

test.each(TEMPLATES)('no tag of $file leaks, however the answer is cut', ({ tags }) => {
  const turn = (tags.answer?.turn ?? '') + (tags.answer?.open ?? '')
  for (const [isOpen, text, thinking] of [
    [false, `${tags.open}\n${THOUGHT}${tags.close}\n\n${turn}${ANSWER}`, THOUGHT],
    [true, `${THOUGHT}${tags.close}${turn}${ANSWER}`, THOUGHT],
    [false, `${tags.answer?.open ?? ''}${ANSWER}`, ''],
  ] as const) {
    for (const chunks of cuttings(text)) {
      const splitter = thinkingSplitter(tags, isOpen)
      const pieces = [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.flush()]
      const joined = (kind: string) => pieces.map((piece) => (piece.kind === kind ? piece.text : '')).join('')
      expect([joined('thinking'), joined('text')]).toEqual([thinking, ANSWER])
    }
  }
})
