/** Plain data with its keys as the wire spells them: `totalBytes` becomes `total_bytes`. Values stay as they are. */
export function snakeCased(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeCased)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [snakeCase(key), snakeCased(inner)]))
}

/** A name in camel case, with its words lowered and joined by `_`. What is no such name, as `Q4_K`, stays as it is. */
export const snakeCase = (name: string): string =>
  !/^[a-z][A-Za-z0-9]*$/.test(name) ? name : name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
