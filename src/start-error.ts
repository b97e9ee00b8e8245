/** The server cannot start, or a command cannot do its work, for a reason its operator can remove. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
