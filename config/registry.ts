import { join } from 'node:path'

/** How this server deals with registries of models. */
export interface RegistryConfig {
  /** The key pair that tells registries who this is; absent without a home folder. */
  readonly keyPath?: string
  readonly proxies: { readonly http?: string; readonly https?: string; readonly none?: string }
  /** Registries on the internet may redirect into the local network. */
  readonly allowPrivate: boolean
}

/** The variables of web proxies; in lower case they are as common. */
export const PROXY_VARIABLES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'] as const

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
