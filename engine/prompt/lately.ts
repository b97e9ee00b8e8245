/** A function that remembers its last `limit` different answers, those used lately. What throws is not remembered. */
export function lately<T>(limit: number, work: (key: string) => T): (key: string) => T {
  // Least recently used first.
  const known = new Map<string, { answer: T }>()
  return (key) => {
    const entry = known.get(key) ?? { answer: work(key) }
    known.delete(key)
    known.set(key, entry)
    for (const oldest of known.keys()) {
      if (known.size <= limit) break
      known.delete(oldest)
    }
    return entry.answer
  }
}
