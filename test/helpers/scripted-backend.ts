import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Backend,
  LoadPlan,
  Runner,
  RunnerEvent,
  RunnerInfo,
  RunnerRequest,
} from '../../engine/backend.ts'
import type { PromptToken } from '../../engine/types.ts'

/** What a scripted generation does next: say a piece, wait, or fail. */
export type Step =
  | string
  | { waitMs: number }
  | { fail: Error }
  | { logprobs: RunnerEvent & { type: 'text' } }

export interface Script {
  /** One answer a call, in order; the last one repeats. `length` ends it as cut off. */
  answers: { steps: Step[]; reason?: 'stop' | 'length'; cachedTokens?: number }[]
  /** What a text's embedding is, before it is normalised. */
  vector?: (text: string) => readonly number[]
  /** The raw score of a query and a document, one behind the other. */
  score?: (text: string) => number
  info?: Partial<RunnerInfo>
  loadMs?: number
  loadError?: Error
}

/**
 * A backend without weights: words are tokens (id = position in a growing list) and the answers are given.
 * Records what it was asked, so that a test can see the prompt the engine would have read.
 */
export class ScriptedBackend implements Backend {
  readonly name = 'scripted'
  readonly plans: LoadPlan[] = []
  readonly requests: (RunnerRequest & { text: string })[] = []
  /** The inputs of each call that wanted embeddings or scores, as texts. */
  readonly embedded: string[][] = []
  /** How each generation ended. */
  readonly endings: ('finished' | 'aborted' | 'failed')[] = []
  closed = 0
  readonly #script: Script
  readonly #words: string[] = []
  #answer = 0
  #busySlots = 0
  #outputTokens = 0

  constructor(script: Partial<Script> = {}) {
    this.#script = { answers: [{ steps: ['Hello', ' world'] }], ...script }
  }

  async load(plan: LoadPlan, signal: AbortSignal, onProgress: (fraction: number) => void): Promise<Runner> {
    this.plans.push(plan)
    onProgress(0)
    if (this.#script.loadMs !== undefined) await sleep(this.#script.loadMs, undefined, { signal })
    if (this.#script.loadError !== undefined) throw this.#script.loadError
    onProgress(1)
    let leave: (reason: Error | undefined) => void = () => {}
    const gone = new Promise<Error | undefined>((resolve) => {
      leave = resolve
    })
    return {
      info: {
        contextLength: plan.contextLength,
        slots: plan.slots,
        vocabularySize: 32_000,
        buffers: [{ device: 'CPU', kind: 'weights', bytes: 1_000_000 }],
        sizeBytes: 1_000_000,
        sizeVramBytes: 0,
        addsBos: false,
        controlTokens: [],
        canShift: true,
        embedding: {
          pooling: 'mean',
          length: 4,
          maxTokens: plan.contextLength,
          pair: { before: [], between: [], after: [] },
        },
        description: 'scripted',
        ...this.#script.info,
      },
      gone,
      tokenize: async (text) => this.#tokenize(text),
      detokenize: async (tokens) => tokens.map((t) => this.#words[t] ?? '').join(''),
      generate: (request, abort) => this.#generate(request, abort),
      embed: async (inputs) => this.#embedded(inputs).map((text) => Float32Array.from(this.#vector(text))),
      rerank: async (inputs) => this.#embedded(inputs).map((text) => this.#script.score?.(text) ?? 0),
      status: async () => ({ busySlots: this.#busySlots, waiting: 0, outputTokens: this.#outputTokens }),
      close: async () => {
        this.closed += 1
        leave(undefined)
      },
    }
  }

  async close(): Promise<void> {}

  #vector(text: string): readonly number[] {
    return this.#script.vector?.(text) ?? [0.25, -0.5, 1, 2]
  }

  #embedded(inputs: readonly (readonly number[])[]): string[] {
    const texts = inputs.map((tokens) => tokens.map((t) => this.#words[t] ?? '').join(''))
    this.embedded.push(texts)
    return texts
  }

  /** A token is a word with the white space behind it, so that detokenizing gives the text back. */
  #tokenize(text: string): number[] {
    return (text.match(/\S+\s*|\s+/g) ?? []).map((word) => {
      const known = this.#words.indexOf(word)
      return known >= 0 ? known : this.#words.push(word) - 1
    })
  }

  /** In two pieces where there are tokens enough. */
  *#scores({ prompt, promptLogprobs }: RunnerRequest): Generator<RunnerEvent> {
    if (promptLogprobs === undefined) return
    const tokens = prompt.map((token, i) => this.#scored(token, i, promptLogprobs))
    for (const piece of [tokens.slice(0, 2), tokens.slice(2)])
      if (piece.length > 0) yield { type: 'prompt-tokens', tokens: piece }
  }

  /** Each token of a prompt is a quarter less likely than the one before it; the alternatives are stars. */
  #scored(token: number, at: number, alternatives: number): PromptToken {
    const word = this.#words[token] ?? ''
    const star = { token: '*', bytes: [42], logprob: -0.125 }
    return {
      token: word,
      bytes: [...Buffer.from(word)],
      logprob: at === 0 ? null : -at / 4,
      alternatives: at === 0 ? [] : Array.from({ length: alternatives }, () => star),
    }
  }

  async *#generate(request: RunnerRequest, signal: AbortSignal): AsyncGenerator<RunnerEvent> {
    const text = request.prompt.map((t) => this.#words[t] ?? '').join('')
    this.requests.push({ ...request, text })
    const answers = this.#script.answers
    const answer = answers[Math.min(this.#answer++, answers.length - 1)]
    if (answer === undefined) throw new Error('the script has no answer')
    const cachedTokens = answer.cachedTokens ?? 0
    let how: 'finished' | 'aborted' | 'failed' = 'aborted'
    let outputTokens = 0
    this.#busySlots += 1
    try {
      yield* this.#scores(request)
      yield { type: 'prompt', promptTokens: request.prompt.length, cachedTokens, promptMs: 1 }
      for (const step of answer.steps) {
        signal.throwIfAborted()
        if (typeof step === 'string') {
          outputTokens += 1
          this.#outputTokens += 1
          yield { type: 'text', text: step, tokens: 1 }
        } else if ('waitMs' in step) {
          await sleep(step.waitMs, undefined, { signal })
        } else if ('logprobs' in step) {
          outputTokens += step.logprobs.tokens
          this.#outputTokens += step.logprobs.tokens
          yield step.logprobs
        } else {
          how = 'failed'
          throw step.fail
        }
      }
      const reason = answer.reason ?? 'stop'
      yield {
        type: 'end',
        reason,
        outputTokens,
        outputMs: 1,
        ...(request.returnTokens ? { tokenIds: [] } : {}),
      }
      how = 'finished'
    } finally {
      this.#busySlots -= 1
      this.endings.push(how)
    }
  }
}
