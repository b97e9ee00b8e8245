import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PACKAGE_ROOT } from './package-root.ts'

const { version } = JSON.parse(readFileSync(join(PACKAGE_ROOT, 'package.json'), 'utf8')) as {
  version: string
}

/** Our own version. Clients of Ollama's API are told another one: SNUG_EMULATED_VERSION. */
export const SNUG_VERSION = version
