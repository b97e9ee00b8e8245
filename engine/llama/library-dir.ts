/** Where libllama is. It is looked for here and loaded elsewhere, so that a process which only asks loads nothing. */
import { createRequire } from 'node:module'
import path from 'node:path'
import { EngineError } from '../errors.ts'

/** Packages that may hold the libraries for this machine, the most capable first. */
function packageVariants(platform: NodeJS.Platform, arch: string): string[] {
  const system = { linux: 'linux', darwin: 'mac', win32: 'win' }[platform as 'linux']
  if (system === undefined) return []
  const base = `${system}-${arch === 'arm' ? 'armv7l' : arch}`
  if (system === 'mac') return [`${base}-metal`, base]
  return [`${base}-cuda`, `${base}-vulkan`, base]
}

/**
 * The folder that holds libllama and its backends: `chosen`, or the best npm package installed for this
 * machine. Throws EngineError `load_failed` with what was looked for.
 */
export function findLibraryDir(chosen: string | undefined): string {
  if (chosen !== undefined) return chosen
  const { resolve } = createRequire(import.meta.url)
  const variants = packageVariants(process.platform, process.arch)
  for (const variant of variants) {
    try {
      return path.join(path.dirname(resolve(`@node-llama-cpp/${variant}`)), '..', 'bins', variant)
    } catch {
      // Not installed: npm leaves out what does not fit the machine.
    }
  }
  throw new EngineError(
    'load_failed',
    `no llama.cpp library for ${process.platform} ${process.arch}: ` +
      `none of the npm packages ${variants.map((v) => `@node-llama-cpp/${v}`).join(', ')} is installed`,
  )
}
