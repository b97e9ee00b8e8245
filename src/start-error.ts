/** The server cannot start for a reason its operator can remove; the message says how. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
