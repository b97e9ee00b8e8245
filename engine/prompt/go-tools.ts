/** Tools as templates in Go's syntax see them: the fields of ollama api/types.go. They print as JSON. */

import { type GoStruct, goList, goMap, goStruct } from '../../formats/go-template/value.ts'
import type { Tool } from '../types.ts'

type Members = Readonly<Record<string, unknown>>

/** Levels of schemas inside each other that have fields; what is deeper is plain data. */
const MAX_SCHEMA_DEPTH = 32

export const goTools = (tools: readonly Tool[]) => goList('api.Tools', tools.map(goTool), 'json')

function goTool(tool: Tool): GoStruct {
  const called = goFunction(tool.function)
  return jsonStruct(
    'api.Tool',
    { Type: tool.type, Items: tool.items ?? null, Function: called },
    membersIn(['type', 'items', 'function'], { ...tool, function: called }),
  )
}

function goFunction({ parameters, ...rest }: Tool['function']): GoStruct {
  const schema = goParameters(parameters ?? {})
  return jsonStruct(
    'api.ToolFunction',
    { Name: rest.name, Description: rest.description ?? '', Parameters: schema },
    membersIn(['name', 'description', 'parameters'], {
      ...rest,
      ...(parameters === undefined ? {} : { parameters: schema }),
    }),
  )
}

function goParameters(schema: Members): GoStruct {
  const properties = goProperties(schema.properties, 0)
  return jsonStruct(
    'api.ToolFunctionParameters',
    {
      Type: textOf(schema.type),
      Defs: schema.$defs ?? null,
      Items: schema.items ?? null,
      Required: goList('[]string', listOf(schema.required)),
      Properties: properties,
    },
    membersIn(['type', '$defs', 'items', 'required', 'properties'], {
      ...schema,
      ...(isMembers(schema.properties) ? { properties } : {}),
    }),
  )
}

function goProperties(properties: unknown, depth: number) {
  const entries = isMembers(properties) ? Object.entries(properties) : []
  return goMap(
    'map[string]api.ToolProperty',
    Object.fromEntries(entries.map(([name, property]) => [name, goProperty(property, depth)])),
  )
}

function goProperty(property: unknown, depth: number): unknown {
  if (!isMembers(property) || depth >= MAX_SCHEMA_DEPTH) return property
  const anyOf = listOf(property.anyOf).map((choice) => goProperty(choice, depth + 1))
  const properties = goProperties(property.properties, depth + 1)
  return jsonStruct(
    'api.ToolProperty',
    {
      AnyOf: goList('[]api.ToolProperty', anyOf),
      Type: goList('api.PropertyType', typesOf(property.type), typesText),
      Items: property.items ?? null,
      Description: textOf(property.description),
      Enum: goList('[]interface {}', listOf(property.enum)),
      Properties: properties,
      Required: goList('[]string', listOf(property.required)),
    },
    membersIn(['anyOf', 'type', 'items', 'description', 'enum', 'properties', 'required'], {
      ...property,
      ...(anyOf.length === 0 ? {} : { anyOf }),
      ...(isMembers(property.properties) ? { properties } : {}),
    }),
  )
}

const jsonStruct = (
  typeName: string,
  fields: Members,
  members: readonly (readonly [string, unknown])[],
): GoStruct => goStruct({ typeName, fields, members, isJsonText: true })

/** The members with these keys come first, in this order; every other keyword a client wrote follows. */
function membersIn(order: readonly string[], all: Members): (readonly [string, unknown])[] {
  const rest = Object.keys(all)
    .filter((key) => !order.includes(key))
    .sort()
  return [...order, ...rest].flatMap((key) => (all[key] === undefined ? [] : [[key, all[key]] as const]))
}

const typesOf = (type: unknown): readonly unknown[] => (typeof type === 'string' ? [type] : listOf(type))
const typesText = (types: readonly unknown[]) =>
  types.length > 1 ? `[${types.map(String).join(' ')}]` : String(types[0] ?? '')

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
