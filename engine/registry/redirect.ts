import { RegistryError } from './error.ts'

/** More than any registry needs, and what Go follows at most. */
export const MAX_REDIRECTS = 10

/** Signed addresses of storage services have one or two thousand characters. */
const MAX_LOCATION = 16 * 1024

const REDIRECTS = new Set([301, 302, 303, 307, 308])

export const isRedirect = (status: number): boolean => REDIRECTS.has(status)

/**
 * Where a redirect leads. Throws RegistryError `refused` for anything but a plain http(s) address, and for one
 * that gives up encryption; whether its host may be connected to is seen when that is done.
 */
export function redirectTarget(from: URL, location: string | undefined): URL {
  if (location === undefined || location === '') throw refused(from, 'leads nowhere')
  if (location.length > MAX_LOCATION || !URL.canParse(location, from.href)) {
    throw refused(from, 'leads to something that is no address')
  }
  const to = new URL(location, from)
  if (to.protocol !== 'https:' && to.protocol !== 'http:') throw refused(from, `leads to ${to.protocol}`)
  if (to.username !== '' || to.password !== '') throw refused(from, 'carries credentials')
  if (from.protocol === 'https:' && to.protocol === 'http:') throw refused(from, 'leads from https to http')
  to.hash = ''
  return to
}

const refused = (from: URL, why: string) => new RegistryError('refused', `a redirect of ${from.host} ${why}`)
