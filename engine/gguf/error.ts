/** A file that is not GGUF, or GGUF that is broken or beyond what Snug reads. The message says what and where. */
export class GgufError extends Error {
  override readonly name = 'GgufError'
}
