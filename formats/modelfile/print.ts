import type { Instruction } from './types.ts'

/** Instructions as lines of a Modelfile, each with its line end. */
export const printModelfile = (instructions: readonly Instruction[]): string =>
  instructions.map((instruction) => `${printInstruction(instruction)}\n`).join('')

function printInstruction(instruction: Instruction): string {
  const value = quoted(instruction.value)
  switch (instruction.name) {
    case 'parameter':
      return `PARAMETER ${instruction.key} ${value}`
    case 'message':
      return `MESSAGE ${instruction.role} ${value}`
    default:
      return `${instruction.name.toUpperCase()} ${value}`
  }
}

/**
 * A value in quotes where a Modelfile would lose something without. Quotes cannot be escaped there, only
 * outnumbered: of a text with a line, other than its last, that ends with three quotes, no Modelfile can hold more
 * than the beginning.
 */
function quoted(value: string): string {
  const isPlain = value !== '' && value === value.trim() && !/^"|[\r\n]/.test(value)
  if (isPlain) return value
  return value.includes('"') ? `"""${value}"""` : `"${value}"`
}
