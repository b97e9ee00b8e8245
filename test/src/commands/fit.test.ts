import { expect, test } from 'vitest'
import { PLAIN, reportText } from '../../../engine/fit/report-text.ts'
import { createAdvisor } from '../../../engine/planning/advise.ts'
import { deviceByName } from '../../../engine/planning/device-by-name.ts'
import { createTargets } from '../../../engine/planning/targets/find.ts'
import { FitReply } from '../../../routes/snug/fit-reply.ts'
import { parseCommand } from '../../../src/cli.ts'
import { adviceText } from '../../../src/commands/fit.ts'
import { tempFolder } from '../../helpers/fixtures.ts'
import { machineWith } from '../../helpers/machines.ts'
import { NO_REGISTRIES, openStore } from '../../helpers/store.ts'
import { snug } from '../spawned.ts'

test('the options of snug fit are wishes', () => {
  const typed =
    '--device|RTX 4090|--device|RTX 3060|--ram|64 GB|--ctx|8192|--parallel|2|--kv|Q8_0|--gpu-layers|10'
  expect(parseCommand(['fit', 'qwen3:8b', ...typed.split('|'), '--quantization', 'Q6_K', '--why'])).toEqual({
    name: 'fit',
    model: 'qwen3:8b',
    devices: 'RTX 4090 + RTX 3060',
    ram: '64 GB',
    wishes: {
      offer: 'Q6_K',
      contextLength: 8192,
      sequences: 2,
      cacheType: 'q8_0',
      gpuLayers: 10,
      allowsDisk: undefined,
    },
    isExact: false,
    showsReasons: true,
    asJson: false,
  })
})

test.each([
  [['fit'], '"fit" needs a model'],
  [['fit', 'a', '--ctx', 'long'], '--ctx takes a number from 1 to 16777216, not "long"'],
  [['fit', 'a', '--kv', 'q1'], '--kv takes f16, q8_0, q4_0, not "q1"'],
  [['fit', 'a', '--history'], '"fit --history" takes neither a model nor another option'],
  [['fit', '--history', '--why'], '"fit --history" takes neither a model nor another option'],
  [['hardware', '--history'], '"hardware" takes no option --history'],
  [['list', '--why'], '"list" takes no option --why'],
])('%j is refused', (args, message) => {
  expect(() => parseCommand(args)).toThrow(message)
})

async function advice(text: string, devices: string) {
  const models = await openStore(await tempFolder())
  const targets = createTargets({ models, registries: NO_REGISTRIES, isLocal: true })
  const machine = machineWith([], { gibibytes: 64, dataSheet: 89.6 })
  const advise = createAdvisor({ targets, readMachine: async () => ({ machine, notes: [] }), deviceByName })
  return await advise({ text, devices, wishes: {} }, new AbortController().signal)
}

test('people get a table with the chosen row marked, bars of memory, and reasons when they ask', async () => {
  const found = await advice('gpt-oss:120b', 'RTX 4090')
  const text = adviceText(found, false)
  const lines = text.split('\n')
  expect(lines[0]).toBe('gpt-oss:120b: 116.8B parameters, 5.1B active for each token')
  expect(lines[2]).toMatch(/^ +TYPE +WEIGHTS +GPU +RAM +WHERE +CONTEXT +TOKENS\/S +QUALITY +GRADE$/)
  expect(lines[3]).toMatch(
    /^▶ {2}MXFP4_MOE +~59\.0 GiB +\d+\.\d GiB +\d+\.\d GiB +experts of \d+ of 36 layers in RAM/,
  )
  expect(text).toMatch(/^GPU0 GeForce RTX 4090 {2}█+░* {2}\d+\.\d GiB of \d+\.\d GiB$/m)
  expect(text).toMatch(/^RAM +█+░+ {2}\d+\.\d GiB of \d+\.\d GiB$/m)
  expect(text).toContain('- Main memory is taken to be as fast as that of this machine: 72 GB/s.')
  expect(text).not.toContain('a token reads')
  expect(adviceText(found, true)).toContain('a token reads')
})

test('colours set off the chosen row and the verdict and nothing else changes', async () => {
  const { plan } = await advice('qwen3:8b', 'RTX 4090')
  const paint = {
    chosen: (text: string) => `<b>${text}</b>`,
    faint: (text: string) => `<i>${text}</i>`,
    good: (text: string) => `<g>${text}</g>`,
    bad: (text: string) => `<r>${text}</r>`,
  }
  const painted = reportText(plan, paint)
  expect(painted).toMatch(/^<b>▶ .*<\/b>$/m)
  expect(painted).toMatch(/^<g>all on GPU: .*<\/g>$/m)
  expect(painted.replaceAll(/<\/?[bigr]>/g, '')).toBe(reportText(plan, PLAIN))
})

test('snug fit works without a server, for programs too, and colours nothing that no person sees', async () => {
  const asked = ['fit', 'qwen2.5:72b', '--device', '2x RTX 3090', '--ram', '64 GB at 89.6 GB/s']
  const [text, json] = [snug(asked, { FORCE_COLOR: '1' }), snug([...asked, '--json'])]
  expect(await text.ended, text.stderr()).toBe(0)
  expect(text.stdout()).toContain('Chosen:')
  expect(text.stdout()).not.toContain('\u001b')
  expect(await json.ended, json.stderr()).toBe(0)
  expect(FitReply.parse(JSON.parse(json.stdout()))).toMatchObject({ model: 'qwen2.5:72b', verdict: 'fits' })
}, 60_000)

test('snug fit --history has nothing to tell before the first load', async () => {
  const command = snug(['fit', '--history'])
  expect(await command.ended, command.stderr()).toBe(0)
  expect(command.stdout()).toBe('Nothing has been measured yet: load a model and let it answer.\n')
}, 60_000)

test('snug fit says in a sentence what nobody knows', async () => {
  const command = snug(['fit', 'nobody-knows'])
  expect(await command.ended).toBe(1)
  expect(command.stderr()).toMatch(/^snug: model 'nobody-knows' not found: it is not installed/)
}, 60_000)
