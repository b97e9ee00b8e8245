/** Instructions that have nothing but a value. */
export type PlainName =
  | 'from'
  | 'template'
  | 'system'
  | 'license'
  | 'adapter'
  | 'draft'
  | 'renderer'
  | 'parser'
  | 'requires'

/** One line, or group of lines, of a Modelfile. Values are as the file means them: without quotes. */
export type Instruction =
  | { name: PlainName; value: string }
  | { name: 'parameter'; key: string; value: string }
  | { name: 'message'; role: string; value: string }

/** Text that is no Modelfile. The message says what and where, in Ollama's words. */
export class ModelfileError extends Error {
  override readonly name = 'ModelfileError'
}
