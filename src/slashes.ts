/**
 * The URL to route by: OpenAI's clients may double a slash or add one at the end when a base URL is joined
 * with a path, and the answer should be the same. Ollama's paths are left alone: it redirects those.
 */
export function withoutExtraSlashes(url: string): string {
  const [path = ''] = url.split('?', 1)
  const tidy = path.replace(/\/{2,}/g, '/')
  if (!tidy.startsWith('/v1/')) return url
  return tidy.replace(/\/$/, '') + url.slice(path.length)
}
