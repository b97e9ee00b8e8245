import type { Runner } from '../backend.ts'
import { EngineError } from '../errors.ts'

/** Inputs that are sent to a runner at the same time: enough to fill its steps, few enough to stop soon. */
const AT_ONCE = 128

/** Works through `items` in groups; the results in the same order. Stops between groups when `signal` aborts. */
export async function inGroups<T, R>(
  items: readonly T[],
  signal: AbortSignal,
  work: (group: readonly T[]) => Promise<R[]>,
): Promise<R[]> {
  const results: R[] = []
  for (let at = 0; at < items.length; at += AT_ONCE) {
    signal.throwIfAborted()
    // Not push(...): a request may have more inputs than a call may have arguments.
    for (const result of await work(items.slice(at, at + AT_ONCE))) results.push(result)
  }
  return results
}

/** What the tokenizer puts before and behind a text. Texts such as `[SEP]` become their token, as in llama-server. */
const WHOLE = { special: true, bos: true }

/**
 * The tokens of an input, cut at the end to what the model can take; what the tokenizer puts behind every text
 * stays behind it. Throws EngineError `context_overflow` when nothing is left or nothing may be cut, and
 * `bad_request` for tokens the model does not have.
 */
export async function inputTokens(
  runner: Runner,
  input: string | readonly number[],
  truncate: boolean,
): Promise<readonly number[]> {
  const most = mostTokens(runner)
  if (typeof input !== 'string') {
    checkKnown(runner, input)
    return input.length <= most ? input : cut(input, { most, ending: 0, truncate })
  }
  const tokens = await runner.tokenize(input, WHOLE)
  if (tokens.length <= most) return tokens
  const frame = await runner.tokenize('', WHOLE)
  if (frame.length >= most) {
    throw new EngineError('context_overflow', 'input after truncation exceeds maximum context length')
  }
  // One token of two stands in front; a single one does if it is the begin-of-text token.
  const beginning = runner.info.addsBos || frame.length > 1 ? 1 : 0
  return cut(tokens, { most, ending: Math.max(0, frame.length - beginning), truncate })
}

/** Tokens that one input may have. */
export const mostTokens = ({ info }: Runner): number =>
  Math.min(info.contextLength, info.embedding?.maxTokens ?? info.contextLength)

function cut(
  tokens: readonly number[],
  { most, ending, truncate }: { most: number; ending: number; truncate: boolean },
): readonly number[] {
  if (!truncate) throw inputTooLong(tokens.length, most)
  return [...tokens.slice(0, most - ending), ...tokens.slice(tokens.length - ending)]
}

/** Ollama's words (server/routes.go). */
export const inputTooLong = (promptTokens: number, contextLength: number): EngineError =>
  new EngineError('context_overflow', 'the input length exceeds the context length', {
    details: { promptTokens, contextLength },
  })

function checkKnown({ info }: Runner, tokens: readonly number[]): void {
  const unknown = tokens.find((token) => !(token >= 0 && token < info.vocabularySize))
  if (unknown !== undefined) throw new EngineError('bad_request', `token ${unknown} is not in the vocabulary`)
}
