import type { Message, Tool, ToolCall } from '../../types.ts'
import type { CompiledTemplate } from '../template.ts'
import { commonEnd, commonStart, tagStart } from './align.ts'

/** Steps of a template one rendering may take: ten times what templates need for such short conversations. */
const MAX_STEPS = 100_000
/** Characters of a call with its marks that are looked at. */
const MAX_SHOWN = 8_000

export const NAMES = ['probe_function_a', 'probe_function_b'] as const
export const KEYS = ['probe_key_a', 'probe_key_b'] as const
export const TEXTS = ['probevaluea', 'probevalueb'] as const
/** What stands for a name and for an id in a probe: in no template. */
export const NAME = '\uE0D1'
export const ID = '\uE0D2'

/** Turns calls into what the template prints for them, names and ids replaced by their signs. */
export type Probe = (calls: readonly Record<string, unknown>[]) => string | undefined

/** A template that can be asked how it prints calls. */
export interface Prober {
  probe: Probe
  /** What stands around an answer of plain text: marks found there do not tell of calls. */
  frame: string
  /** What stands before such an answer. */
  header: string
  /** What the template puts between the text of an answer and its calls to end the text. */
  ending: string
}

export interface Ids {
  first: string
  second: string
}

const QUESTION = 'probe question'
const ANSWER = '\u00A7an answer\u00A7'

const TOOLS: Tool[] = NAMES.map((name) => ({
  type: 'function',
  function: {
    name,
    description: 'probe',
    parameters: {
      type: 'object',
      properties: { [KEYS[0]]: { type: 'string', description: 'probe' } },
      required: [],
    },
  },
}))

/**
 * Makes a prober of a template. Calls with the given arguments, to the two functions in turn, are rendered and cut out of
 * the conversation by comparing with an answer of plain text. Undefined when the template cannot print that answer.
 */
export function proberOf(
  template: Pick<CompiledTemplate, 'render'>,
  ids: Ids,
  thought: RegExp | undefined,
): Prober | undefined {
  const answer = rendered(template, ANSWER, undefined)
  const at = answer?.indexOf(ANSWER) ?? -1
  if (answer === undefined || at < 0) return undefined
  const tail = answer.slice(at + ANSWER.length)
  const shown = (calls: readonly Record<string, unknown>[]) => {
    const toolCalls = calls.map((args, place) => ({
      id: place === 0 ? ids.first : ids.second,
      name: NAMES[place === 0 ? 0 : 1],
      arguments: args,
    }))
    const text = rendered(template, '', toolCalls)
    return text === undefined ? undefined : cutOut(text, answer, tail, thought)
  }
  const header = answer.slice(answer.lastIndexOf(QUESTION, at) + QUESTION.length, at)
  const asked = new Map<string, string | undefined>()
  return {
    probe(calls) {
      const key = JSON.stringify(calls)
      if (asked.has(key)) return asked.get(key)
      const { turn = '' } = shown(calls) ?? {}
      const text = turn === '' || turn.length > MAX_SHOWN ? undefined : withSigns(turn, ids)
      asked.set(key, text)
      return text
    },
    frame: `${header}\n${tail}`,
    header,
    ending: shown([{}])?.ending ?? '',
  }
}

/** The calls of a conversation without what stands around them, and the ending of the text before them. */
function cutOut(
  text: string,
  answer: string,
  tail: string,
  thought: RegExp | undefined,
): { turn: string; ending: string } {
  let same = 0
  while (same < text.length && text[same] === answer[same]) same++
  const begun = text.slice(tagStart(text, same))
  const unthought = thought === undefined ? begun : begun.replace(thought, '')
  const common = commonStart(unthought, tail)
  const ending = common.trim() === '' ? '' : common
  const opened = unthought.slice(ending.length)
  // What follows the end of the turn is another one: for its text, or for the next call.
  const turnEnd = LAST_TAG.exec(tail)?.[0]
  const over = turnEnd === undefined ? -1 : opened.indexOf(turnEnd)
  const turn = turnEnd === undefined || over < 0 ? opened : opened.slice(0, over + turnEnd.length)
  const end = commonEnd(turn, over < 0 ? tail : tail.trimEnd())
  if (end.trim() !== '') return { turn: turn.slice(0, turn.length - end.length), ending }
  // Nothing in common: turns with calls end in another way, and that is no mark of the call.
  return { turn: tail.trim() === '' ? turn : turn.replace(/<[^<>]*>\s*$/, ''), ending }
}

const LAST_TAG = /<[^<>]*>(?=[^<>]*$)/

function withSigns(text: string, ids: Ids): string {
  // An id may hold the name, so the name goes first unless the id is there as a whole.
  const pairs: [string, string][] = [...NAMES.map((name): [string, string] => [name, NAME])]
  const isNamed = NAMES.some((name) => ids.first.includes(name))
  if (!isNamed) pairs.push([ids.first, ID], [ids.second, ID])
  return pairs.reduce((shown, [from, to]) => shown.replaceAll(from, to), text)
}

function rendered(
  template: Pick<CompiledTemplate, 'render'>,
  content: string,
  toolCalls: ToolCall[] | undefined,
): string | undefined {
  const messages: Message[] = [
    { role: 'user', content: QUESTION },
    { role: 'assistant', content, ...(toolCalls && { toolCalls }) },
  ]
  try {
    return template.render({
      messages,
      tools: TOOLS,
      addGenerationPrompt: false,
      bosToken: '<|probe_bos|>',
      eosToken: '<|probe_eos|>',
      now: new Date(0),
      maxSteps: MAX_STEPS,
    })
  } catch {
    // A template that refuses calls says nothing about how they are written.
    return undefined
  }
}
