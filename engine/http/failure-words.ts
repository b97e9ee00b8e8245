/** Failed requests in words that Go's HTTP client would use, where people know them. */

/** What of a request may be told: a query may hold a signature that is as good as a password. */
export const subject = (method: string, url: URL): string =>
  `${method.slice(0, 1)}${method.slice(1).toLowerCase()} "${url.origin}${url.pathname}"`

/** Why a request got no answer. */
export function reasonOf(error: unknown, url: URL): string {
  if (!(error instanceof Error)) return 'request failed'
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ENOTFOUND') return `dial tcp: lookup ${url.hostname}: no such host`
  if (code === 'EAI_AGAIN') return `dial tcp: lookup ${url.hostname}: temporary failure in name resolution`
  if (code === 'ECONNREFUSED') return `dial tcp ${url.host}: connect: connection refused`
  // Several addresses were tried, and each has its own reason.
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0], url)
  return error.message
}
