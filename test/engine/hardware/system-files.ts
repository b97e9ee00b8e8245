import type { ReadText } from '../../../engine/hardware/cgroup.ts'

/** A system that has these files and no others. */
export const systemFiles =
  (files: Readonly<Record<string, string>>): ReadText =>
  (path) =>
    files[path]
