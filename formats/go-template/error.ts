/** What is wrong with a template, in the words of Go's text/template: `template: :1: unclosed action`. */
export class GoTemplateError extends Error {
  override readonly name: string = 'GoTemplateError'
}
