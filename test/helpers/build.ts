import { spawnSync } from 'node:child_process'
import { existsSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Builds `dist/` once, because the tests of the command line run what users run. Types are `check`'s business. */
export function setup() {
  rmSync(`${root}dist`, { recursive: true, force: true })
  const { stdout } = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
    { cwd: root, encoding: 'utf8' },
  )
  if (!existsSync(`${root}dist/src/app.js`)) throw new Error(`the build gave nothing:\n${stdout}`)
}
