/** Go's own functions (text/template/funcs.go) and the four that Ollama adds (ollama template/template.go). */
export const FUNCTION_NAMES = [
  'and',
  'call',
  'eq',
  'ge',
  'gt',
  'html',
  'index',
  'js',
  'le',
  'len',
  'lt',
  'ne',
  'not',
  'or',
  'print',
  'printf',
  'println',
  'slice',
  'urlquery',
  'json',
  'currentDate',
  'yesterdayDate',
  'toTypeScriptType',
] as const
export type FunctionName = (typeof FUNCTION_NAMES)[number]

export const isFunctionName = (name: string): name is FunctionName =>
  (FUNCTION_NAMES as readonly string[]).includes(name)
