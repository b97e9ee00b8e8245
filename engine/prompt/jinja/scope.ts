import { MAX_STEPS, TemplateLimit } from './limits.ts'
import type { Value } from './value.ts'

/** Variables as a block sees them: its own, then those of the blocks around it. */
export class Scope {
  readonly #own = new Map<string, Value>()
  readonly #outer: Scope | undefined
  readonly #counter: { steps: number; readonly most: number }

  /** `maxSteps` counts for a scope without an outer one. */
  constructor(outer?: Scope, maxSteps = MAX_STEPS) {
    this.#outer = outer
    this.#counter = outer === undefined ? { steps: 0, most: Math.min(maxSteps, MAX_STEPS) } : outer.#counter
  }

  get(name: string): Value {
    let scope: Scope | undefined = this
    while (scope !== undefined) {
      if (scope.#own.has(name)) return scope.#own.get(name)
      scope = scope.#outer
    }
    return undefined
  }

  set(name: string, value: Value): void {
    this.#own.set(name, value)
  }

  /** Charges work to the whole rendering: `steps`, and more for a large value. Throws when a template runs away. */
  step(value?: Value, steps = 1): void {
    this.#counter.steps += steps + costOf(value)
    if (this.#counter.steps > this.#counter.most) throw new TemplateLimit('too many steps')
  }
}

/** Characters that cost as much as a step. */
const TEXT_STEP = 16

function costOf(value: Value): number {
  if (typeof value === 'string') return Math.floor(value.length / TEXT_STEP)
  return Array.isArray(value) ? value.length : 0
}
