import { expect, test } from 'vitest'
import { linkBandwidth } from '../../../engine/hardware/pci-link.ts'
import { HOSTILE, recorded } from './recorded.ts'

const FOLDER = '/sys/bus/pci/devices/0000:01:00.0'
const link = (card: string, slot: string | undefined, width: string) =>
  recorded({
    files: {
      [`${FOLDER}/max_link_speed`]: card,
      [`${FOLDER}/current_link_width`]: width,
      ...(slot === undefined ? {} : { [`${FOLDER}/../max_link_speed`]: slot }),
    },
  })

test.each([
  ['a card in a slot of its own generation', '16.0 GT/s PCIe\n', '16.0 GT/s PCIe\n', '16\n', 15],
  ['a newer card in an older slot', '32.0 GT/s PCIe\n', '8.0 GT/s PCIe\n', '16\n', 7.5],
  ['a card of a virtual machine, whose slot tells nothing', '32.0 GT/s PCIe\n', 'Unknown\n', '16\n', 30],
  ['a card without a visible slot', '2.5 GT/s\n', undefined, '1\n', 0.119],
])('%s is reached as copies of weights reach it', async (_what, card, slot, width, gbPerSecond) => {
  const bytes = await linkBandwidth(link(card, slot, width), '0000:01:00.0')
  expect((bytes ?? 0) / 1e9).toBeCloseTo(gbPerSecond, 1)
})

test.each(HOSTILE)('a kernel that says %.40j tells nothing', async (text) => {
  expect(await linkBandwidth(link(text, text, '16'), '0000:01:00.0')).toBeUndefined()
  expect(await linkBandwidth(link('16.0 GT/s', undefined, text), '0000:01:00.0')).toBeUndefined()
})
