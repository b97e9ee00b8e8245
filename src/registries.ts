import type { Config } from '../config/load.ts'
import { openRegistries } from '../engine/registry/registries.ts'
import type { Registries } from '../engine/registry/types.ts'
import { SNUG_VERSION } from './version.ts'

/** The way to registries, under our own name. Close it. */
export const openConfiguredRegistries = ({ registry }: Config): Registries =>
  openRegistries({ userAgent: `snug/${SNUG_VERSION}`, ...registry })
