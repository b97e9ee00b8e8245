import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tempFolder } from './helpers/fixtures.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

const importOf = (module: string) => `import { thing } from '${module}'\n\nexport const used = thing\n`
const ENVIRONMENT = "export const home = process.env['HOME']\n"

/** Files that must fail the check, with what it must say, and some that must pass. */
const PLANTED: [path: string, text: string, says: string | undefined][] = [
  ['engine/http.ts', importOf('fastify'), 'engine/ knows no HTTP server'],
  ['engine/llama/http.ts', importOf('@fastify/swagger'), 'engine/ knows no HTTP server'],
  ['engine/config.ts', importOf('../config/load.ts'), 'no environment'],
  ['engine/routes.ts', importOf('../routes/wire/stream.ts'), 'engine/ knows no HTTP server'],
  ['engine/store/native.ts', importOf('koffi'), 'only engine/llama touches native code'],
  ['routes/config.ts', importOf('../config/load.ts'), 'only through the Engine interface'],
  ['routes/src.ts', importOf('../src/app.ts'), 'only through the Engine interface'],
  ['routes/native.ts', importOf('../engine/llama/library.ts'), 'only through the Engine interface'],
  ['config/engine.ts', importOf('../engine/types.ts'), 'config/ knows the environment and nothing else'],
  ['formats/engine.ts', importOf('../engine/types.ts'), 'formats/ is text in, data out'],
  ['engine/environment.ts', ENVIRONMENT, 'process.env'],
  ['routes/environment.ts', ENVIRONMENT, 'process.env'],
  ['config/environment.ts', ENVIRONMENT, 'process.env'],
  ['src/environment.ts', ENVIRONMENT, 'process.env'],
  ['src/main.ts', ENVIRONMENT, undefined],
  ['routes/errors.ts', importOf('../engine/errors.ts'), undefined],
  ['engine/llama/native.ts', importOf('koffi'), undefined],
  ['config/duration.ts', importOf('../formats/go-duration.ts'), undefined],
]

interface Diagnostic {
  severity: string
  category: string
  message: string
  location: { path: string }
}

test('a planted import across a wall, or a look at the environment, fails the check', async () => {
  const folder = await tempFolder()
  await copyFile(join(root, 'biome.json'), join(folder, 'biome.json'))
  for (const [path, text] of PLANTED) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const { stdout } = spawnSync(
    join(root, 'node_modules/.bin/biome'),
    ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=json', '.'],
    { cwd: folder, encoding: 'utf8' },
  )
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: Diagnostic[] }
  const about = /noRestrictedImports|noProcessEnv/
  for (const [path, , says] of PLANTED) {
    const found = diagnostics.filter((d) => d.location.path.endsWith(path) && about.test(d.category))
    const errors = found.filter((d) => d.severity === 'error').map((d) => JSON.stringify(d))
    if (says === undefined) expect(errors, path).toEqual([])
    else expect(errors.join(), path).toContain(says)
  }
})
