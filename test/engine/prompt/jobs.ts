import type { GgufFacts } from '../../../engine/gguf/types.ts'
import type { InstalledModel } from '../../../engine/store/types.ts'
import type { ChatJob, GenerateJob, Message } from '../../../engine/types.ts'
import { installedModel } from '../../helpers/installed-model.ts'

const FACTS: GgufFacts = {
  architecture: 'llama',
  fileType: 1,
  parameterCount: 1,
  contextLength: 8192,
  embeddingLength: 64,
  layers: 2,
  kvHeads: [2, 2],
  keyLength: 16,
  valueLength: 16,
  vocabularySize: 512,
  chatTemplate: undefined,
  namedTemplates: {},
  bosToken: '<s>',
  eosToken: '</s>',
  addBos: false,
  fillInMiddle: undefined,
  hasPooling: false,
  isReranker: false,
  hasVision: false,
  hasAudio: false,
  tensorBytes: 1,
}

/** A model as the store describes it, with the given facts and fields. */
export const model = (facts: Partial<GgufFacts> = {}, fields: Partial<InstalledModel> = {}): InstalledModel =>
  installedModel('m', { facts: { ...FACTS, ...facts }, templatePath: 'jinja', ...fields })

export const say = (role: string, content: string): Message => ({ role, content })

export function chatJob(
  installed: InstalledModel,
  messages: Message[],
  fields: Partial<ChatJob> = {},
): ChatJob {
  return {
    kind: 'chat',
    model: installed,
    rawName: 'm',
    options: {},
    truncate: true,
    shift: true,
    messages,
    tools: [],
    toolChoice: 'auto',
    parallelToolCalls: true,
    ...fields,
  }
}

export function generateJob(
  installed: InstalledModel,
  prompt: GenerateJob['prompt'],
  fields: Partial<GenerateJob> = {},
): GenerateJob {
  return {
    kind: 'generate',
    model: installed,
    rawName: 'm',
    options: {},
    truncate: true,
    shift: true,
    prompt,
    raw: false,
    ...fields,
  }
}
