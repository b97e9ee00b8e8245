import type { ModelName } from './types.ts'

const DEFAULT_HOST = 'registry.ollama.ai'
const DEFAULT_NAMESPACE = 'library'
const DEFAULT_TAG = 'latest'

// Lengths and letters of each part: ollama types/model/name.go. No part can be empty, start with a dot or
// hold a slash, so a valid name can never leave the manifests folder.
const PART = {
  host: /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}$/,
  namespace: /^[A-Za-z0-9_][A-Za-z0-9_-]{0,79}$/,
  model: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/,
  tag: /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}$/,
} satisfies Record<keyof ModelName, RegExp>

/** Every part follows the grammar. Names that come from file names need this check too. */
export const isValidModelName = (name: ModelName): boolean =>
  PART.host.test(name.host) &&
  PART.namespace.test(name.namespace) &&
  PART.model.test(name.model) &&
  PART.tag.test(name.tag)

/**
 * Reads `[scheme://][host/][namespace/]model[:tag]`, case preserved, with the defaults filled in.
 * Undefined when the text is no model name; a scheme is accepted and dropped.
 */
export function parseModelName(text: string): ModelName | undefined {
  let rest = text
  let tag = DEFAULT_TAG
  if (hasTag(rest)) {
    const colon = rest.lastIndexOf(':')
    tag = rest.slice(colon + 1)
    rest = rest.slice(0, colon)
  }
  const [beforeModel, model] = cutLast(rest)
  const [beforeNamespace, namespace] =
    beforeModel === undefined ? [undefined, DEFAULT_NAMESPACE] : cutLast(beforeModel)
  const host = beforeNamespace === undefined ? DEFAULT_HOST : withoutScheme(beforeNamespace)
  const name = { host, namespace, model, tag }
  return isValidModelName(name) ? name : undefined
}

/** Whether the text names a tag; without one `latest` is meant. */
export const hasTag = (text: string): boolean => text.lastIndexOf(':') > text.lastIndexOf('/')

/** What stands before and after the last slash; without a slash there is nothing before. */
function cutLast(text: string): [before: string | undefined, after: string] {
  const slash = text.lastIndexOf('/')
  return slash < 0 ? [undefined, text] : [text.slice(0, slash), text.slice(slash + 1)]
}

function withoutScheme(text: string): string {
  const end = text.indexOf('://')
  return end < 0 ? text : text.slice(end + 3)
}

/** As shown to people: a default host and namespace are left out, the tag never is. */
export function shortName(name: ModelName): string {
  const tail = `${name.model}:${name.tag}`
  if (name.host.toLowerCase() !== DEFAULT_HOST) return `${name.host}/${name.namespace}/${tail}`
  return name.namespace.toLowerCase() === DEFAULT_NAMESPACE ? tail : `${name.namespace}/${tail}`
}

/** All four parts. */
export const fullName = (name: ModelName): string =>
  `${name.host}/${name.namespace}/${name.model}:${name.tag}`

/** Names that differ only in case are one model. */
export const isSameModelName = (a: ModelName, b: ModelName): boolean =>
  fullName(a).toLowerCase() === fullName(b).toLowerCase()
