/** Go keeps a duration as nanoseconds in 64 bits: about 292 years. */
const LONGEST_DURATION_MS = 2 ** 63 / 1e6

/**
 * RFC 3339 in UTC, such as `2026-11-23T14:05:06.25Z`: for `created_at`. Trailing zeros are trimmed.
 * Takes milliseconds since the epoch; fractions are kept down to the nanosecond.
 */
export function utcTimestamp(epochMs: number): string {
  return rfc3339(epochMs, 0)
}

/**
 * RFC 3339 with the server's own offset: for `modified_at` and `expires_at`.
 * Infinity, and anything later than a Go duration from now, becomes about 292 years from now: every
 * client can read that, and none can read a year past 9999.
 */
export function localTimestamp(epochMs: number, offsetMinutes?: number, nowMs = Date.now()): string {
  const shownMs = Math.min(epochMs, nowMs + LONGEST_DURATION_MS)
  return rfc3339(shownMs, offsetMinutes ?? -new Date(shownMs).getTimezoneOffset())
}

/** Nanoseconds as an integer, for durations on the wire. Clocks that ran backwards count as no time. */
export function msToNs(ms: number): number {
  return Math.max(0, Math.round(ms * 1e6))
}

function rfc3339(epochMs: number, offsetMinutes: number): string {
  // The fraction is cut off apart from the seconds: together they have too many digits for a double.
  const wholeMs = Math.floor(epochMs)
  const nanoseconds = Math.min(999_999, Math.round((epochMs - wholeMs) * 1e6))
  const iso = new Date(wholeMs + offsetMinutes * 60_000).toISOString()
  const seconds = iso.slice(0, iso.indexOf('.'))
  const milliseconds = iso.slice(iso.indexOf('.') + 1, -1)
  const fraction = `${milliseconds}${String(nanoseconds).padStart(6, '0')}`.replace(/0+$/, '')
  return `${seconds}${fraction === '' ? '' : `.${fraction}`}${zone(offsetMinutes)}`
}

function zone(offsetMinutes: number): string {
  if (offsetMinutes === 0) return 'Z'
  const minutes = Math.abs(offsetMinutes)
  const two = (n: number) => String(Math.floor(n)).padStart(2, '0')
  return `${offsetMinutes < 0 ? '-' : '+'}${two(minutes / 60)}:${two(minutes % 60)}`
}
