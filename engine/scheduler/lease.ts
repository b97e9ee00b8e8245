import type { Runner } from '../backend.ts'
import type { Lease, Resident } from './types.ts'

/** What the owner of the resident does when a lease changes it. */
export interface LeaseEffects {
  isAlone: boolean
  /** The last user has left. */
  onIdle(): void
  /** There may be room for somebody who waits. */
  onRoom(): void
}

/** A user of the resident, counted until it releases. */
export function createLease<T>(
  resident: Resident<T>,
  runner: Runner,
  { isAlone, onIdle, onRoom }: LeaseEffects,
): Lease {
  let isReserving = isAlone
  let isReleased = false
  if (isAlone) resident.isReserved = true
  resident.users += 1

  function endReservation(): void {
    if (isReserving) resident.isReserved = false
    isReserving = false
  }

  return {
    runner,
    share() {
      endReservation()
      onRoom()
    },
    condemn() {
      resident.isRetiring = true
      // It ends by itself.
      resident.isClosing = true
    },
    release() {
      if (isReleased) return
      isReleased = true
      endReservation()
      resident.users -= 1
      if (resident.users === 0) onIdle()
      onRoom()
    },
  }
}
