import { z } from 'zod'
import type { ChatJob, Tool } from '../../engine/types.ts'
import { maybe } from '../wire/maybe.ts'
import { RequestError } from '../wire/problem.ts'

const FunctionSpec = z.looseObject({
  name: z.string().min(1),
  description: maybe(z.string()),
  parameters: maybe(z.record(z.string(), z.unknown())),
})

const FunctionTool = z.looseObject({ type: z.literal('function'), function: FunctionSpec })

/** Kinds that only OpenAI's own servers can run (`web_search`, `custom`, …) are passed over, not refused. */
const isOfAnotherKind = (tool: unknown) =>
  typeof tool === 'object' &&
  tool !== null &&
  'type' in tool &&
  typeof tool.type === 'string' &&
  tool.type !== 'function'

const Tools = z.preprocess(
  (value) => (Array.isArray(value) ? value.filter((tool) => !isOfAnotherKind(tool)) : value),
  z.array(FunctionTool),
)

const NamedFunction = z.object({ name: z.string() })

const ToolChoice = z.union(
  [
    z.enum(['auto', 'none', 'required']),
    z.object({ type: z.literal('function'), function: NamedFunction }),
    z.object({
      type: z.literal('allowed_tools'),
      allowed_tools: z.object({
        mode: z.enum(['auto', 'required']),
        tools: z.array(z.object({ function: maybe(NamedFunction) })),
      }),
    }),
  ],
  `'tool_choice' must be "auto", "none", "required", a function or allowed_tools`,
)

/** What a chat request says of tools. */
export const toolFields = {
  tools: maybe(Tools),
  tool_choice: maybe(ToolChoice),
  parallel_tool_calls: maybe(z.boolean()),
  functions: maybe(z.array(FunctionSpec)).describe('What tools replaced'),
  function_call: maybe(
    z.union(
      [z.enum(['auto', 'none']), NamedFunction],
      `'function_call' must be "auto", "none" or an object with a name`,
    ),
  ).describe('What tool_choice replaced'),
}
export type ToolFields = z.infer<z.ZodObject<typeof toolFields>>

/** The tools to offer and how the model must use them. Throws RequestError for a choice that names no tool. */
export function toToolJob(fields: ToolFields): Pick<ChatJob, 'tools' | 'toolChoice' | 'parallelToolCalls'> {
  const given: Tool[] = [
    ...(fields.tools ?? []).map((tool) => ({ ...tool, function: compact(tool.function) })),
    ...(fields.functions ?? []).map((fn) => ({ type: 'function', function: compact(fn) })),
  ]
  const { tools, toolChoice } = choose(given, fields)
  if (toolChoice !== 'auto' && toolChoice !== 'none' && tools.length === 0) {
    throw new RequestError(400, 'tool_choice needs a tool to choose', 'tool_choice')
  }
  return { tools, toolChoice, parallelToolCalls: fields.parallel_tool_calls ?? true }
}

type Chosen = Pick<ChatJob, 'tools' | 'toolChoice'>

function choose(tools: Tool[], fields: ToolFields): Chosen {
  const choice = fields.tool_choice ?? legacyChoice(fields.function_call)
  // Not offered at all: a model without tool support is then no reason to refuse.
  if (choice === 'none') return { tools: [], toolChoice: 'none' }
  if (choice === 'auto' || choice === 'required') return { tools, toolChoice: choice }
  if (choice.type === 'function') {
    mustHave(tools, choice.function.name)
    return { tools, toolChoice: { name: choice.function.name } }
  }
  const allowed = choice.allowed_tools.tools.flatMap((tool) => tool.function?.name ?? [])
  for (const name of allowed) mustHave(tools, name)
  return {
    tools: tools.filter((tool) => allowed.includes(tool.function.name)),
    toolChoice: choice.allowed_tools.mode,
  }
}

function legacyChoice(choice: ToolFields['function_call']): NonNullable<ToolFields['tool_choice']> {
  return typeof choice === 'object' ? { type: 'function', function: choice } : (choice ?? 'auto')
}

function mustHave(tools: readonly Tool[], name: string): void {
  if (tools.some((tool) => tool.function.name === name)) return
  throw new RequestError(
    400,
    `tool_choice names ${JSON.stringify(name.slice(0, 100))}, which is not among the tools`,
    'tool_choice',
  )
}

/** Drops what is null or absent: a template that prints the tool would print it. */
const compact = (fn: z.infer<typeof FunctionSpec>): Tool['function'] => ({
  name: fn.name,
  ...Object.fromEntries(Object.entries(fn).filter(([, value]) => value !== undefined && value !== null)),
})
