import { expect, test } from 'vitest'
import { tagWatch } from '../../../engine/llama/late-grammar.ts'

const CALL = '<tool_call>'
const THINK = { open: '<think>', close: '</think>' }

/** Where the tag was completed: the pieces before, and the part of the last one up to the tag's end. */
function found(pieces: readonly string[], thought?: { open: string; close: string; isOpen: boolean }) {
  const watch = tagWatch({ tag: CALL, ...(thought === undefined ? {} : { thought }) })
  for (const [at, piece] of pieces.entries()) {
    const opening = watch(piece)
    if (opening !== undefined) return [at, opening]
  }
  return undefined
}

test.each([
  [['<tool_call>'], [0, '<tool_call>']],
  [
    ['Sure. ', '<tool', '_call', '>{"na'],
    [3, '>'],
  ],
  [['a<<tool_call>\n'], [0, 'a<<tool_call>']],
  [['<tool_', 'call', ' x'], undefined],
])('the pieces %j complete the tag at %j', (pieces, place) => {
  expect(found(pieces)).toEqual(place)
})

test('a tag in a thought is not a call', () => {
  const open = { ...THINK, isOpen: true }
  expect(found(['I could <tool_call> or', ' not'], open)).toBeUndefined()
  expect(found(['x <tool_call> y</thi', 'nk>\n', '<tool_call>'], open)).toEqual([2, '<tool_call>'])
})

test('a thought the model may begin itself is passed over, and need not be there', () => {
  const may = { ...THINK, isOpen: false }
  expect(found(['\n<th', 'ink><tool_call>', '</think>', '<tool_call>'], may)).toEqual([3, '<tool_call>'])
  expect(found(['<', 'tool_call>'], may)).toEqual([1, 'tool_call>'])
})
