/** Every character at which `str.splitlines` of Python ends a line, and with it `iter_lines` of httpx. */
export const PYTHON_LINE_BREAKS = [
  '\n',
  '\r',
  '\v',
  '\f',
  '\x1c',
  '\x1d',
  '\x1e',
  '\x85',
  '\u2028',
  '\u2029',
] as const

/** A text, cut as Python cuts it. A carriage return with a line feed behind it, one end to Python, is not looked for. */
export const pythonLines = (text: string): string[] =>
  text.split(new RegExp(`[${PYTHON_LINE_BREAKS.join('')}]`))
