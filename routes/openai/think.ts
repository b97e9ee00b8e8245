import type { ThinkLevel } from '../../engine/types.ts'
import { RequestError } from '../wire/problem.ts'

/** The ways clients have of asking for reasoning, most specific first. */
export interface ThinkFields {
  reasoning_effort: string | undefined
  reasoning: { effort: string | undefined } | undefined
  think: boolean | string | undefined
  chat_template_kwargs: { enable_thinking: boolean | undefined } | undefined
}

const LEVELS: Record<string, ThinkLevel | undefined> = {
  none: false,
  minimal: 'low',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'max',
  ultra: 'max',
  max: 'max',
}

/** What the request says about thinking; undefined leaves it to the model. Throws RequestError. */
export function toThink(fields: ThinkFields): ThinkLevel | undefined {
  return (
    levelOf(fields.reasoning_effort, 'reasoning_effort') ??
    levelOf(fields.reasoning?.effort, 'reasoning') ??
    (typeof fields.think === 'boolean' ? fields.think : levelOf(fields.think, 'think')) ??
    fields.chat_template_kwargs?.enable_thinking
  )
}

function levelOf(effort: string | undefined, param: string): ThinkLevel | undefined {
  if (effort === undefined || effort === '') return undefined
  const level = Object.hasOwn(LEVELS, effort) ? LEVELS[effort] : undefined
  if (level !== undefined) return level
  const known = Object.keys(LEVELS)
    .map((name) => `"${name}"`)
    .join(', ')
  throw new RequestError(
    400,
    `invalid reasoning value: ${JSON.stringify(effort.slice(0, 40))} (must be one of ${known})`,
    param,
  )
}
