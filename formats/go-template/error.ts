/** What is wrong with a template or went wrong in it, in Go's words: `template: :1: unclosed action`. */
export class GoTemplateError extends Error {
  override readonly name: string = 'GoTemplateError'
}

/** A run was stopped at one of the bounds of limits.ts. */
export class GoTemplateLimit extends GoTemplateError {
  override readonly name = 'GoTemplateLimit'
}
