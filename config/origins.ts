const LOCAL_HOSTS = ['localhost', '127.0.0.1', '0.0.0.0']

/** Pages on this machine, on any port, and desktop applications that embed a browser. */
const ALWAYS_ALLOWED = [
  ...LOCAL_HOSTS.flatMap((host) => [
    `http://${host}`,
    `https://${host}`,
    `http://${host}:*`,
    `https://${host}:*`,
  ]),
  'app://*',
  'file://*',
  'tauri://*',
  'vscode-webview://*',
  'vscode-file://*',
]

/** What an entry without a wildcard may begin with. */
const SCHEMES = [
  'http://',
  'https://',
  'chrome-extension://',
  'safari-extension://',
  'moz-extension://',
  'ms-browser-extension://',
]

/** Which web pages may talk to the server. */
export interface Origins {
  /** Every page may: the answer then says `*`. */
  readonly any: boolean
  allows(origin: string): boolean
}

/**
 * Reads OLLAMA_ORIGINS: entries between commas, each with at most one `*`, which stands for any run of
 * characters. Pages on this machine are always allowed. Throws Error for an entry that could never match.
 */
export function parseOrigins(text: string): Origins {
  const listed = text
    .split(',')
    .map((entry) => entry.trim().toLowerCase())
    .filter((entry) => entry !== '')
  for (const entry of listed) check(entry)
  const any = listed.includes('*')
  const matchers = [...listed, ...ALWAYS_ALLOWED].map(toMatcher)
  return { any, allows: (origin) => any || matchers.some((matches) => matches(origin.toLowerCase())) }
}

function check(entry: string): void {
  const wildcards = entry.split('*').length - 1
  if (wildcards > 1) throw new Error(`origin "${entry}" has more than one *`)
  if (wildcards === 0 && !SCHEMES.some((scheme) => entry.startsWith(scheme))) {
    throw new Error(`origin "${entry}" must contain a * or begin with one of ${SCHEMES.join(' ')}`)
  }
}

function toMatcher(entry: string): (origin: string) => boolean {
  const [before = '', after] = entry.split('*')
  if (after === undefined) return (origin) => origin === entry
  return (origin) =>
    origin.length >= before.length + after.length && origin.startsWith(before) && origin.endsWith(after)
}
