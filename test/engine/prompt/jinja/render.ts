import { parseProgram, renderProgram } from '../../../../engine/prompt/jinja/program.ts'

const MESSAGES = [
  { role: 'system', content: 'S' },
  { role: 'user', content: 'U' },
  { role: 'assistant', content: 'A' },
]
const CLOCK = new Date(2026, 0, 2, 3, 4, 5)

/** Renders a template of a test, with three messages to look at and a clock that stands still. */
export function render(source: string, variables: Record<string, unknown> = {}): string {
  return renderProgram(parseProgram(source), { messages: MESSAGES, ...variables }, CLOCK)
}
