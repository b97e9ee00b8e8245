import { mergeSchemas } from './schema-merge.ts'
import { badSchema, isSchema, type Schema } from './schema-types.ts'

/** Alternatives double with every property that others depend on. */
const MAX_DEPENDENTS = 6

/**
 * The same schema without `dependentRequired`, `dependentSchemas` and `dependencies`: either a property is absent, or
 * what depends on it holds. Throws EngineError `bad_format`.
 */
export function withoutDependents(schema: Schema, path: string): Schema {
  const { dependentRequired, dependentSchemas, dependencies, ...rest } = schema
  const demands = [
    ...entriesOf(dependentRequired, 'dependentRequired', path),
    ...entriesOf(dependentSchemas, 'dependentSchemas', path),
    ...entriesOf(dependencies, 'dependencies', path),
  ]
  if (demands.length > MAX_DEPENDENTS) {
    throw badSchema(path, 'dependentRequired', `is supported for ${MAX_DEPENDENTS} properties at most`)
  }
  return demands.reduce<Schema>((whole, [key, demand]) => {
    const isPresent = { required: Array.isArray(demand) ? [key, ...demand] : [key] }
    const present = Array.isArray(demand) || demand === true ? isPresent : { allOf: [isPresent, demand] }
    const absent = { properties: Object.fromEntries([[key, false]]) }
    return mergeSchemas(whole, { type: 'object', anyOf: [absent, present] }, path)
  }, rest)
}

function entriesOf(value: unknown, keyword: string, path: string): [string, unknown][] {
  if (value === undefined) return []
  if (isSchema(value)) return Object.entries(value)
  throw badSchema(path, keyword, 'must be an object')
}
