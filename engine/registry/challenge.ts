/** What a registry wants to see before it answers, from its `WWW-Authenticate` header. */
export interface Challenge {
  /** Where tokens are given out. */
  realm: string
  service: string
  /** Permissions, between spaces; empty when it names none. */
  scope: string
}

/** Servers send a few hundred bytes. */
const MAX_HEADER = 8 * 1024

// token = value, where the value is a token or a quoted string (RFC 9110, section 11.2).
const PARAMETER = /\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/y

/**
 * Reads `Bearer realm="…",service="…",scope="…"`. Undefined when it is another scheme, has no realm or cannot be
 * read; parameters that nobody knows are passed over, and of one that comes twice the first counts.
 */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > MAX_HEADER) return undefined
  const scheme = /^\s*bearer\s+/i.exec(header)
  if (scheme === null) return undefined
  const found = new Map<string, string>()
  PARAMETER.lastIndex = scheme[0].length
  while (PARAMETER.lastIndex < header.length) {
    const match = PARAMETER.exec(header)
    if (match === null) return undefined
    const [, name = '', quoted, bare = ''] = match
    const key = name.toLowerCase()
    if (!found.has(key)) found.set(key, quoted?.replace(/\\(.)/g, '$1') ?? bare)
  }
  const realm = found.get('realm')
  return realm === undefined
    ? undefined
    : { realm, service: found.get('service') ?? '', scope: found.get('scope') ?? '' }
}
