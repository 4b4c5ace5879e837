export interface Schema {
  $ref?: string
  type?: string | readonly string[]
  const?: unknown
  enum?: readonly unknown[]
  anyOf?: readonly Schema[]
  allOf?: readonly Schema[]
  properties?: Readonly<Record<string, Schema>>
  additionalProperties?: boolean | Schema
  patternProperties?: Readonly<Record<string, Schema>>
  items?: Schema
  required?: readonly string[]
  minimum?: number
  minItems?: number
  [keyword: string]: unknown
}

type Random = () => number

const toJSON = () => 'its own'

/** What clients send, and handlers could answer, where something else is expected. */
const hostile: readonly (() => unknown)[] = [
  () => null,
  () => undefined,
  () => true,
  () => '',
  () => 'true',
  () => '7',
  () => '1e400',
  () => 'é'.repeat(300),
  () => '"\\\u2028\ud800',
  () => -1,
  () => 0.5,
  () => Number.POSITIVE_INFINITY,
  () => Number.NaN,
  () => -0,
  () => 12n,
  () => [],
  () => [[], {}, null],
  () => Array(40).fill('x'),
  () => ({}),
  () => JSON.parse('{"__proto__": {"admin": true}, "constructor": 1, "toString": "x"}'),
  () => new Date(0),
  () => ({ toJSON }),
]

/**
 * A value that the schema describes, of which as many fields are hostile as `wrong` says: 0 none, 1 few, 2 some,
 * 3 many. Patterns and formats are not followed.
 */
export function valuesOf(
  root: Schema,
  shared: Readonly<Record<string, Schema>>,
  random: Random,
  wrong: number,
): unknown {
  const chance = [0, 0.02, 0.1, 0.3][wrong]!
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
  const resolve = (schema: Schema): Schema => {
    if (schema.$ref === undefined) return schema
    const [id = '', pointer = ''] = schema.$ref.split('#')
    const start = id === '' ? root : (shared[id] ?? {})
    const steps = pointer.split('/').slice(1)
    return resolve(steps.reduce((at, step) => at[step] as Schema, start))
  }
  const make = (unresolved: Schema, depth: number): unknown => {
    if (random() < chance) return pick(hostile)()
    const schema = resolve(unresolved)
    if (schema.const !== undefined) return schema.const
    if (schema.enum) return pick(schema.enum)
    if (schema.anyOf) return make(pick(schema.anyOf), depth)
    if (schema.allOf) return Object.assign({}, ...schema.allOf.map(each => make(each, depth)))
    const types = [schema.type ?? (schema.properties ? 'object' : 'string')].flat()
    return ofType[pick(types)]!(schema, depth)
  }
  const ofType: Record<string, (schema: Schema, depth: number) => unknown> = {
    null: () => null,
    boolean: () => random() < 0.5,
    integer: ({ minimum = 0 }) => minimum + Math.floor(random() * 3),
    number: ({ minimum = 0 }) => minimum + random(),
    string: () =>
      pick(['a', 'name-1', 'job-01jdzzzzzzzzzzzzzzzzzzzzzz', '2026-01-01T00:00:00.000Z']),
    array: ({ items = {}, minItems = 0 }, depth) =>
      Array.from({ length: depth > 6 ? minItems : minItems + Math.floor(random() * 3) }, () =>
        make(items, depth + 1),
      ),
    object: (
      { properties = {}, required = [], additionalProperties, patternProperties },
      depth,
    ) => {
      const fields = Object.entries(properties)
        .filter(([name]) => required.includes(name) || (depth < 6 && random() < 0.5))
        .filter(() => random() >= chance / 2)
        .map(([name, field]) => [name, make(field, depth + 1)])
      const more = typeof additionalProperties === 'object' ? additionalProperties : undefined
      const other = more ?? Object.values(patternProperties ?? {})[0]
      if (other && depth < 6) fields.push(['other', make(other, depth + 1)])
      if (random() < chance) fields.push([pick(['extra', 'toString', 'constructor']), 1])
      return Object.fromEntries(fields)
    },
  }
  return make(root, 0)
}
