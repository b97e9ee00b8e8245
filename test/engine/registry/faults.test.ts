/** The built code pulls from a registry while processes are killed, files damaged and the disk filled. */
import { expect, test } from 'vitest'
import { pullFaults } from '../../../bench/pull-faults.ts'

test.runIf(process.platform === 'linux')(
  'through 10 faults no blob is wrong, only what was damaged is fetched again, and the next pull succeeds',
  async () => {
    const { violations, counts, extraPieces, present } = await pullFaults(10, Date.now())
    expect(violations).toEqual([])
    expect(Object.values(counts).reduce((sum, count) => sum + count, 0)).toBe(10)
    // Otherwise nothing was there that could have been damaged.
    expect(present).toBeGreaterThan(0)
    expect(extraPieces.most).toBeLessThan(4)
  },
  240_000,
)
