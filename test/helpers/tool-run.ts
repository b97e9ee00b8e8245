import { Ajv as Draft7 } from 'ajv'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { collect } from '../../engine/collect.ts'
import { EngineError } from '../../engine/errors.ts'
import type { InstalledModel } from '../../engine/store/types.ts'
import type { ChatJob, Engine, Tool } from '../../engine/types.ts'

/** What came of the answers that one template and one way of choosing tools led to. */
export interface ToolRunResult {
  choice: ToolChoice
  template: string
  /** Ended by themselves. */
  finished: number
  /** One whole call to a tool that may be called, its arguments valid; without tools, no call at all. */
  valid: number
  /** Cut off at the most tokens there may be; not counted as finished. */
  cut: number
  /** Schemas that no grammar can hold this syntax to, refused before anything is generated. */
  refused: number
  failures: string[]
}

export type ToolChoice = 'required' | 'named' | 'none'

interface Run {
  engine: Engine
  model: InstalledModel
  /** Chat templates by name; undefined is the model's own. */
  templates: Readonly<Record<string, string | undefined>>
  schemas: readonly Record<string, unknown>[]
  /** Finished answers wanted. */
  count: number
  streams?: number
  maxTokens?: number
}

const PARALLEL = 8
const CHOICES: readonly ToolChoice[] = ['required', 'named', 'required', 'named', 'none']

/** Answers with tools offered: forced, forced to one of them, or forbidden; schemas, templates and seeds in turn. */
export async function toolRun(run: Run): Promise<ToolRunResult[]> {
  const results = new Map<string, ToolRunResult>()
  const tools = run.schemas.map(toolOf)
  const names = Object.keys(run.templates)
  let started = 0
  let finished = 0

  function resultOf(template: string, choice: ToolChoice): ToolRunResult {
    const key = `${template} ${choice}`
    const known = results.get(key)
    if (known !== undefined) return known
    const made: ToolRunResult = { choice, template, finished: 0, valid: 0, cut: 0, refused: 0, failures: [] }
    results.set(key, made)
    return made
  }

  async function once(): Promise<void> {
    const seed = started++
    const choice = CHOICES[seed % CHOICES.length] ?? 'none'
    const template = names[Math.floor(seed / CHOICES.length) % names.length] ?? ''
    const offered = [0, 7, 31]
      .map((step) => tools[(seed * 5 + step) % tools.length])
      .filter((each) => each !== undefined)
    const result = resultOf(template, choice)
    const fault = await answerFault(run, run.templates[template], offered, choice, seed)
    if (fault === 'cut' || fault === 'refused') {
      result[fault] += 1
      return
    }
    finished += 1
    result.finished += 1
    if (fault === undefined) result.valid += 1
    else result.failures.push(`${template}, ${choice}, seed ${seed}: ${fault}`)
  }

  async function stream(): Promise<void> {
    while (finished < run.count) {
      await once()
      if (started > run.count * 10) throw new Error('too many answers are cut off or refused')
    }
  }
  await Promise.all(Array.from({ length: run.streams ?? PARALLEL }, stream))
  return [...results.values()]
}

/** Errors that come while an answer is written, not before. */
const IN_ANSWER = /allows no token|too ambiguous/

interface OfferedTool {
  tool: Tool
  validate: ValidateFunction
}

/** What is not an object becomes an argument. References need their root, so those schemas are left as they are. */
function toolOf(schema: Record<string, unknown>, at: number): OfferedTool {
  const parameters =
    schema.type === 'object'
      ? schema
      : { type: 'object', properties: { value: schema }, required: ['value'], additionalProperties: false }
  const Ajv = JSON.stringify(schema).includes('"items":[') || 'dependencies' in schema ? Draft7 : Ajv2020
  const ajv = formats.default(
    new Ajv({ strict: false, validateSchema: false, multipleOfPrecision: 6, logger: false }),
  )
  const definition = { name: `tool_${at}`, description: 'A tool.', parameters, strict: true }
  return { tool: { type: 'function', function: definition }, validate: ajv.compile(parameters) }
}

async function answerFault(
  { engine, model, maxTokens = 300 }: Run,
  template: string | undefined,
  offered: readonly OfferedTool[],
  choice: ToolChoice,
  seed: number,
): Promise<string | undefined> {
  const wanted = offered[0]?.tool.function.name ?? ''
  const facts =
    model.facts === undefined ? undefined : { ...model.facts, ...(template && { chatTemplate: template }) }
  const job: ChatJob = {
    kind: 'chat',
    model: { ...model, facts },
    rawName: model.shortName,
    messages: [{ role: 'user', content: 'Use a tool.' }],
    tools: offered.map(({ tool }) => tool),
    toolChoice: choice === 'named' ? { name: wanted } : choice,
    parallelToolCalls: true,
    options: { temperature: 1, topK: 0, topP: 1, minP: 0, seed, maxTokens, contextLength: 4096 },
    truncate: true,
    shift: false,
  }
  try {
    const { text, reason, toolCalls } = await collect(engine.run(job, new AbortController().signal))
    if (choice === 'none') return toolCalls.length === 0 ? undefined : 'a call that was forbidden'
    if (reason === 'length') return 'cut'
    return faultOf(text, toolCalls, choice === 'named' ? offered.slice(0, 1) : offered)
  } catch (error) {
    if (error instanceof EngineError && error.code === 'bad_format' && !IN_ANSWER.test(error.message))
      return 'refused'
    return error instanceof Error ? error.message : String(error)
  }
}

function faultOf(
  text: string,
  calls: readonly { name: string; arguments: Record<string, unknown> }[],
  allowed: readonly OfferedTool[],
): string | undefined {
  const [call] = calls
  if (call === undefined || calls.length > 1)
    return `${calls.length} calls in ${JSON.stringify(text.slice(0, 300))}`
  if (text !== '') return `text beside the call: ${JSON.stringify(text.slice(0, 300))}`
  const offered = allowed.find(({ tool }) => tool.function.name === call.name)
  if (offered === undefined) return `a call to ${call.name}`
  if (offered.validate(call.arguments)) return undefined
  const errors = offered.validate.errors
    ?.map(({ schemaPath, message }) => `${schemaPath} ${message}`)
    .join('; ')
  const schema = JSON.stringify(offered.tool.function.parameters).slice(0, 300)
  return `${errors}: ${JSON.stringify(call.arguments).slice(0, 300)} under ${schema}`
}
