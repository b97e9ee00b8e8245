import { expect, test } from 'vitest'
import { script } from './spawned.ts'

test.each([
  ['json', true, true],
  ['json', false, true],
  ['pretty', true, false],
  ['pretty', false, false],
  ['auto', true, false],
  ['auto', false, true],
])('SNUG_LOG_FORMAT=%s, on a terminal: %s, writes JSON: %s', async (logFormat, isTerminal, isJson) => {
  const { ended, stderr } = script(`
    import { createLogger } from 'dist/src/logger.js'
    const log = createLogger({ logLevel: 'info', logFormat: '${logFormat}' }, ${isTerminal})
    log.debug('too quiet')
    log.info({ model: 'tiny' }, 'loud enough')
    process.exit(0)`)
  expect(await ended).toBe(0)
  expect(stderr()).toContain('loud enough')
  expect(stderr()).toContain('tiny')
  expect(stderr()).not.toContain('too quiet')
  expect(stderr().startsWith('{"level":30')).toBe(isJson)
})
