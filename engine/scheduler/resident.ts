import type { LoadPlan } from '../backend.ts'
import { needsReload } from './policy.ts'
import type { AcquireRequest, Resident } from './types.ts'

/** A place for a model whose load begins now. */
export function newResident<T>(key: string, request: AcquireRequest<T>, keepAliveMs: number): Resident<T> {
  return {
    key,
    plan: request.plan,
    planned: undefined,
    tag: request.tag,
    name: request.name ?? key,
    users: 0,
    isReserved: false,
    keepAliveMs: request.keepAliveMs ?? keepAliveMs,
    runner: undefined,
    isRetiring: false,
    isClosing: false,
    leaving: undefined,
    idleSinceMs: Date.now(),
    readyAtMs: undefined,
    timer: undefined,
    loading: new AbortController(),
  }
}

/** Whether a request with this plan may use the resident, now or once it has loaded. */
export const isFitting = <T>(resident: Resident<T> | undefined, plan: LoadPlan): resident is Resident<T> =>
  resident !== undefined && !resident.isRetiring && !needsReload(resident.plan, plan, resident.planned?.plan)

/** Nobody is in there alone, and nobody who wants to be alone would meet somebody. */
export const isFreeFor = <T>(resident: Resident<T>, { isAlone = false }: AcquireRequest<T>): boolean =>
  !resident.isReserved && !(isAlone && resident.users > 0)
