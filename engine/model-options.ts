/** How a model is put into memory. A change of any of these means another runner. */
export interface LoadOptions {
  /** Tokens one request may use, prompt and answer together. */
  contextLength: number
  /** Most prompt tokens evaluated in one step. */
  batchTokens: number
  /** Layers on the GPU; negative lets the engine choose. */
  gpuLayers: number
  /** The only GPU to use. */
  mainGpu: number | undefined
  mmap: boolean | undefined
  /** Compute threads; 0 lets the engine choose. */
  threads: number
}

/** How tokens are chosen, in the order llama.cpp applies them. */
export interface SamplingOptions {
  /** Negative means a random seed. */
  seed: number
  /** 0 is greedy. */
  temperature: number
  topK: number
  topP: number
  minP: number
  typicalP: number
  /** Tokens the penalties look back on; -1 is the whole context, 0 turns them off. */
  repeatLastN: number
  repeatPenalty: number
  presencePenalty: number
  frequencyPenalty: number
  /** 0 is off, 1 and 2 are its versions; in place of what narrows the choice, and of penalties. */
  mirostat: number
  /** The surprise mirostat aims at, in bits. */
  mirostatTau: number
  /** How fast mirostat follows. */
  mirostatEta: number
  /** DRY: how hard tokens are punished that go on with a repetition; 0 is off. */
  dryMultiplier: number
  /** What each further repeated token multiplies the punishment with. */
  dryBase: number
  /** Repetitions of up to so many tokens go unpunished. */
  dryAllowedLength: number
  /** Tokens DRY looks back on; -1 is the whole context, 0 turns it off. */
  dryPenaltyLastN: number
  /** Texts across which nothing counts as repeated. */
  drySequenceBreakers: readonly string[]
  /** XTC: how often the likeliest tokens are left out. */
  xtcProbability: number
  /** All tokens likelier than this are left out but the last of them; above 0.5 is off. */
  xtcThreshold: number
  /** Keeps tokens within so many standard deviations of the best logit; 0 or less is off. */
  topNSigma: number
  /** Added to the logit of a token before sampling. */
  logitBias: readonly (readonly [token: number, bias: number])[]
}

export interface ModelOptions extends LoadOptions, SamplingOptions {
  /** Most tokens to generate; negative is no limit but the context. */
  maxTokens: number
  /** Prompt tokens kept at the front when the context shifts; negative keeps the whole prompt. */
  keepTokens: number
  /** Most tokens of thought before the answer; negative is no limit. */
  thinkingBudget: number
  /** Strings that end the answer and are not part of it. */
  stop: readonly string[]
}
