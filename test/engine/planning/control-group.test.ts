/** From the files of a control group to the plan: what a container may not take is not planned with. */
import { expect, test } from 'vitest'
import { catalogModel } from '../../../engine/fit/catalog/catalog.ts'
import { decide } from '../../../engine/fit/decide.ts'
import { catalogFacts } from '../../../engine/fit/model-facts.ts'
import { createInventory } from '../../../engine/planning/inventory.ts'
import { createReadMachine } from '../../../engine/planning/machine.ts'
import { GIB, recorded } from '../hardware/recorded.ts'

const MEMINFO = `MemTotal: ${23 * 2 ** 20} kB\nMemFree: ${22 * 2 ** 20} kB\nMemAvailable: ${22 * 2 ** 20} kB\n`
const V2 = '/sys/fs/cgroup'

async function planIn(groups: Record<string, string>) {
  const readers = recorded({ files: { '/proc/meminfo': MEMINFO, ...groups } })
  const engineDevices = async () => []
  const build = async () => ({ platform: 'linux' as const, architecture: 'x64', backends: [] })
  const inventory = createInventory({ readers, build, engineDevices })
  const ramSpeed = async () => ({ bytesPerSecond: 40e9 })
  const { machine } = await createReadMachine({ readers, inventory, engineDevices, ramSpeed })()
  const model = catalogModel('llama3.1:8b') ?? expect.unreachable('it is in the catalog')
  const offers = [{ name: 'llama3.1:8b', fileType: 'Q4_K_M', source: 'installed' }] as const
  return decide({ model: catalogFacts(model, offers), machine })
}

/** A limit of so many GiB of which one is in use, half of that for files that may go. */
const limited = (gib: number) => ({
  'version 2': {
    '/proc/self/cgroup': '0::/box\n',
    [`${V2}/box/memory.max`]: `${gib * GIB}\n`,
    [`${V2}/box/memory.current`]: `${GIB}\n`,
    [`${V2}/box/memory.stat`]: `inactive_file ${GIB / 2}\n`,
  },
  'version 1': {
    '/proc/self/cgroup': '4:memory:/box\n0::/\n',
    [`${V2}/memory/box/memory.limit_in_bytes`]: `${gib * GIB}\n`,
    [`${V2}/memory/box/memory.usage_in_bytes`]: `${GIB}\n`,
    [`${V2}/memory/box/memory.stat`]: `total_inactive_file ${GIB / 2}\n`,
  },
})

test.each(['version 2', 'version 1'] as const)(
  'a plan keeps to the limit of a control group of %s',
  async (version) => {
    const free = await planIn({ '/proc/self/cgroup': '0::/\n' })
    const roomy = await planIn(limited(10)[version])
    const tight = await planIn(limited(5)[version])
    const bytes = (plan: typeof free) => plan.chosen?.candidate.placement.hostBytes ?? 0
    expect([free.verdict, roomy.verdict, tight.verdict]).toEqual(['fits', 'fits', 'does-not-fit'])
    expect(bytes(free)).toBeGreaterThan(8 * GIB)
    // 10 GiB less half a GiB in use, less 2 GiB that a container keeps.
    expect(bytes(roomy)).toBeLessThanOrEqual(7.5 * GIB)
    expect(bytes(roomy)).toBeGreaterThan(5 * GIB)
  },
)
