import { onTestFinished } from 'vitest'
import { createTargets } from '../../../../engine/planning/targets/find.ts'
import type { TargetQuestion } from '../../../../engine/planning/targets/types.ts'
import { openRegistries, type RegistriesOptions } from '../../../../engine/registry/registries.ts'
import { tempFolder } from '../../../helpers/fixtures.ts'
import { openStore } from '../../../helpers/store.ts'

/** A store, and a way to ask for targets over it and over registries. */
export async function finder(options: Partial<RegistriesOptions> = {}, isLocal = false) {
  const folder = await tempFolder()
  const models = await openStore(folder)
  const registries = openRegistries({ userAgent: 'snug/test', ...options })
  onTestFinished(() => registries.close())
  const targets = createTargets({ models, registries, isLocal })
  const find = (text: string, more: Omit<TargetQuestion, 'text'> = {}) =>
    targets.find({ text, ...more }, new AbortController().signal)
  return { folder, find }
}

/** Bytes that ranges in requests asked for. */
export const askedBytes = (requests: readonly { headers: { range?: string | undefined } }[]): number =>
  requests.reduce((sum, { headers }) => {
    const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    return start === undefined ? sum : sum + Number(end) - Number(start) + 1
  }, 0)
