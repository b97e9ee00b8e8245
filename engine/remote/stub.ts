import type { InstalledModel } from '../store/types.ts'

/** A model that has no weights here: another server runs it. */
export const isStub = ({ weightsPath }: Pick<InstalledModel, 'weightsPath'>): boolean =>
  weightsPath === undefined
