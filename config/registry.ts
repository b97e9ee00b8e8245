import { join } from 'node:path'

/** How this server deals with registries of models. */
export interface RegistryConfig {
  /** The key pair that tells registries who this is; absent without a home folder. */
  readonly keyPath?: string
  readonly proxies: { readonly http?: string; readonly https?: string; readonly none?: string }
  /** Where to go, as an origin, instead of a host that models are named after. */
  readonly mirrors: ReadonlyMap<string, string>
  /** Registries on the internet may redirect into the local network. */
  readonly allowPrivate: boolean
  /** Where Hugging Face is, as an origin, instead of where it is; and the user's token for it. */
  readonly huggingFace: { readonly endpoint?: string; readonly token?: string }
}

/** The variables of web proxies; in lower case they are as common. */
export const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const

/** The variables that programs of Hugging Face read too. */
export const HUGGING_FACE_VARIABLES = ['HF_ENDPOINT', 'HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN'] as const

/** Scheme and host of a server; undefined for an empty text. Throws Error. */
export function parseEndpoint(text: string): string | undefined {
  if (text === '') return undefined
  if (/^https?:\/\/[^\s/?#@]+\/?$/i.test(text) && URL.canParse(text)) return new URL(text).origin
  // Not the text: it may hold a password.
  throw new Error('it is not the address of a server, such as https://huggingface.co')
}

/** A token; undefined for an empty text. Throws Error, without the text: it may be nearly the token. */
export function parseToken(text: string): string | undefined {
  if (text === '') return undefined
  // It becomes a header.
  if (/^[\x21-\x7e]{1,4096}$/.test(text)) return text
  throw new Error('it is no token: those have no spaces and only plain letters')
}

/** The address of a web proxy, a missing `http://` added; undefined for an empty text. Throws Error. */
export function parseProxy(text: string): string | undefined {
  if (text === '') return undefined
  const url = text.includes('://') ? text : `http://${text}`
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) return url
  // Not the text: it may hold a password.
  throw new Error('it is not the address of a web proxy, such as http://proxy:3128')
}

/** Where Ollama keeps its key, which people have registered at ollama.com and Hugging Face. */
export const keyPathIn = (home: string | undefined): { keyPath?: string } =>
  home ? { keyPath: join(home, '.ollama', 'id_ed25519') } : {}

/** Pairs such as `registry.ollama.ai=https://mirror.example`, between commas. Throws Error. */
export const parseMirrors = (text: string): ReadonlyMap<string, string> =>
  new Map(
    text
      .split(',')
      .filter((pair) => pair.trim() !== '')
      .map(parseMirror),
  )

function parseMirror(pair: string): [host: string, origin: string] {
  const [, host = '', address = ''] = /^\s*([\w.:-]+)\s*=\s*(https?:\/\/[^\s/?#@]+)\/?\s*$/i.exec(pair) ?? []
  if (host !== '' && URL.canParse(address)) return [host.toLowerCase(), new URL(address).origin]
  throw new Error(
    `"${pair.trim()}" is not a host and an address, such as registry.ollama.ai=https://mirror.example`,
  )
}
