/**
 * Remembers the results of the last `limit` different questions. A result that is still being worked out is
 * shared; one that failed is forgotten.
 */
export class Recent<T> {
  readonly #limit: number
  readonly #results = new Map<string, Promise<T>>()

  constructor(limit: number) {
    this.#limit = limit
  }

  get(key: string, work: () => Promise<T>): Promise<T> {
    const known = this.#results.get(key)
    // Taking it out and putting it back makes it the youngest.
    this.#results.delete(key)
    const result = known ?? work()
    this.#results.set(key, result)
    if (known === undefined) {
      this.#dropOldest()
      result.catch(() => {
        if (this.#results.get(key) === result) this.#results.delete(key)
      })
    }
    return result
  }

  #dropOldest(): void {
    const [oldest] = this.#results.keys()
    if (this.#results.size > this.#limit && oldest !== undefined) this.#results.delete(oldest)
  }
}
