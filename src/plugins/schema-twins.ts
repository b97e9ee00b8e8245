/**
 * Every named schema is one component of the OpenAPI document. The library describes each of them twice, as what may
 * be sent (`NameInput`) and as what is answered (`Name`), because defaults and transforms make the two differ. Most
 * are only ever one of the two, and the twin that no route speaks of says nothing.
 */
const PREFIX = '#/components/schemas/'
/** What the library writes behind the name of a schema of requests. */
const SUFFIX = 'Input'

type Schemas = Readonly<Record<string, unknown>>

/** The document with one component for each schema; two only where both are used and differ. */
export function withoutTwins<D extends { paths?: object; components?: { schemas?: object } }>(
  document: D,
): D {
  const schemas: Schemas = { ...document.components?.schemas }
  const used = reachedFrom(document.paths, schemas)
  const apart = keptApart(schemas, used)
  const nameOf = (name: string) => (apart.has(plainOf(name, schemas)) ? name : plainOf(name, schemas))
  const isKept = ([name]: [string, unknown]) => {
    const plain = plainOf(name, schemas)
    const isOfRequestsOnly = used.has(plain + SUFFIX) && !used.has(plain)
    return apart.has(plain) || name === (isOfRequestsOnly ? plain + SUFFIX : plain)
  }
  const kept = Object.entries(schemas).filter(isKept)
  const components = {
    ...document.components,
    schemas: Object.fromEntries(kept.map(([name, schema]) => [nameOf(name), schema])),
  }
  return renamed({ ...document, components }, nameOf)
}

/** The name that both twins share. */
function plainOf(name: string, schemas: Schemas): string {
  const plain = name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name
  return plain in schemas ? plain : name
}

/** Names of pairs that are both used and differ, or speak of such a pair. */
function keptApart(schemas: Schemas, used: ReadonlySet<string>): Set<string> {
  const apart = new Set<string>()
  const pairs = Object.keys(schemas).filter((name) => used.has(name) && used.has(name + SUFFIX))
  const isApart = (name: string) => {
    const [output, input] = [schemas[name], schemas[name + SUFFIX]].map((schema) =>
      JSON.stringify(renamed(schema, (other) => plainOf(other, schemas))),
    )
    return output !== input || namesIn(schemas[name]).some((other) => apart.has(other))
  }
  for (let size = -1; size < apart.size; ) {
    size = apart.size
    for (const name of pairs) if (isApart(name)) apart.add(name)
  }
  return apart
}

/** Names of the schemas that `start` refers to, and those refer to. */
function reachedFrom(start: unknown, schemas: Schemas): Set<string> {
  const reached = new Set<string>()
  const visit = (part: unknown) => {
    for (const name of namesIn(part)) {
      if (reached.has(name)) continue
      reached.add(name)
      visit(schemas[name])
    }
  }
  visit(start)
  return reached
}

function namesIn(part: unknown): string[] {
  const names: string[] = []
  renamed(part, (name) => {
    names.push(name)
    return name
  })
  return names
}

/** A copy in which every reference to a schema has the name that `nameOf` gives it. */
function renamed<T>(part: T, nameOf: (name: string) => string): T {
  if (part === undefined) return part
  return JSON.parse(JSON.stringify(part), (key, value) =>
    key === '$ref' && typeof value === 'string' && value.startsWith(PREFIX)
      ? PREFIX + nameOf(value.slice(PREFIX.length))
      : value,
  )
}
