/** Which servers may run models for this one. */
export interface RemotesConfig {
  /** Names or addresses, in lower case, without ports. */
  readonly hosts: readonly string[]
  /** Their keys, by origin. */
  readonly keys: ReadonlyMap<string, string>
}

/** Hosts between commas (ollama envconfig/config.go). A port would never match; brackets of IPv6 come off. */
export const parseRemotes = (text: string): readonly string[] =>
  text
    .split(',')
    .map((host) =>
      host
        .trim()
        .toLowerCase()
        .replace(/^\[(.*)\]$/, '$1'),
    )
    .filter((host) => host !== '')

/** Pairs such as `http://gpu:8000=key`, between commas. Throws Error, without the text: it holds keys. */
export const parseRemoteKeys = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split(',')
      .filter((pair) => pair.trim() !== '')
      .map((pair, i) => parseKey(pair, i + 1)),
  )

function parseKey(pair: string, place: number): [origin: string, key: string] {
  // A key becomes a header.
  const [, address = '', key = ''] =
    /^\s*(https?:\/\/[^\s/?#@=]+)\/?\s*=\s*([\x21-\x7e]{1,4096})\s*$/i.exec(pair) ?? []
  if (key !== '' && URL.canParse(address)) return [new URL(address).origin, key]
  throw new Error(`pair ${place} is not an address and a key, such as http://gpu:8000=KEY`)
}
