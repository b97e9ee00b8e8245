import { badSchema } from './schema-types.ts'

/** What a reference such as `#/$defs/a` refers to. Throws EngineError `bad_format` when that is not in the schema. */
export function atReference(root: unknown, reference: string, path: string): unknown {
  if (reference !== '#' && !reference.startsWith('#/')) {
    throw badSchema(path, '$ref', `"${reference}" is not inside this schema`)
  }
  let found: unknown = root
  for (const part of decoded(reference).split('/').slice(1)) {
    const key = part.replaceAll('~1', '/').replaceAll('~0', '~')
    const isThere = typeof found === 'object' && found !== null && Object.hasOwn(found, key)
    if (!isThere) throw badSchema(path, '$ref', `"${reference}" is not inside this schema`)
    found = Reflect.get(found as object, key)
  }
  return found
}

/** Pointers in references may be percent-encoded. */
function decoded(reference: string): string {
  return reference.replace(/(?:%[0-9a-fA-F]{2})+/g, (bytes) =>
    Buffer.from(bytes.replaceAll('%', ''), 'hex').toString(),
  )
}
