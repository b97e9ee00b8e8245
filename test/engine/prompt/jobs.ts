import type { GgufFacts } from '../../../engine/gguf/types.ts'
import type { InstalledModel } from '../../../engine/store/types.ts'
import type { ChatJob, GenerateJob, Message } from '../../../engine/types.ts'

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
export function model(facts: Partial<GgufFacts> = {}, fields: Partial<InstalledModel> = {}): InstalledModel {
  return {
    name: { host: 'registry.ollama.ai', namespace: 'library', model: 'm', tag: 'latest' },
    shortName: 'm:latest',
    fullName: 'registry.ollama.ai/library/m:latest',
    digest: '0'.repeat(64),
    sizeBytes: 1,
    modifiedAt: new Date(0),
    config: {
      modelFormat: 'gguf',
      modelFamily: 'llama',
      modelFamilies: ['llama'],
      parameterSize: '1',
      quantizationLevel: 'F16',
      renderer: '',
      parser: '',
      requires: '',
      remoteHost: '',
      remoteModel: '',
      capabilities: [],
      contextLength: 0,
      embeddingLength: 0,
    },
    weightsPath: '/weights',
    projectorPaths: [],
    adapterPaths: [],
    draftPaths: [],
    layers: [],
    facts: { ...FACTS, ...facts },
    goTemplate: undefined,
    templatePath: 'jinja',
    system: undefined,
    parameters: {},
    messages: [],
    licenses: [],
    parentModel: '',
    capabilities: ['completion'],
    ...fields,
  }
}

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
