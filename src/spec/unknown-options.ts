import type { TSchema } from 'typebox'
import { BoostingJobRequest, NetworkJobRequest, PredictionJobRequest } from './job.js'

type Schema = TSchema & {
  anyOf?: Schema[]
  properties?: Record<string, Schema>
  additionalProperties?: unknown
  items?: Schema
  const?: unknown
  enum?: unknown[]
}

/**
 * The paths of a stored request that this version does not know: fields, and values of which there is a fixed list. A
 * newer version that accepted them acts on them.
 */
export function unknownOptions(request: unknown): string[] {
  if (typeof request !== 'object' || request === null) return []
  const kind = (request as { model?: { kind?: unknown } }).model?.kind
  const schema =
    'predict' in request
      ? PredictionJobRequest
      : kind === 'boosting'
        ? BoostingJobRequest
        : NetworkJobRequest
  return unknownIn(request, schema as Schema, '')
}

function unknownIn(value: unknown, schema: Schema, path: string): string[] {
  if (schema.anyOf) {
    const found = schema.anyOf.map(one => unknownIn(value, one, path))
    return found.reduce((least, one) => (one.length < least.length ? one : least))
  }
  if (schema.const !== undefined) return value === schema.const ? [] : [path]
  if (schema.enum) return schema.enum.includes(value) ? [] : [path]
  if (Array.isArray(value)) {
    const { items } = schema
    return items ? value.flatMap((one, i) => unknownIn(one, items, `${path}/${i}`)) : []
  }
  const { properties } = schema
  if (typeof value !== 'object' || value === null || !properties) return []
  return Object.entries(value).flatMap(([name, one]) => {
    const known = properties[name]
    if (known) return unknownIn(one, known, `${path}/${name}`)
    return schema.additionalProperties === false ? [`${path}/${name}`] : []
  })
}

/** Whether a version is newer than another; false if one of them cannot be read. */
export function isNewerVersion(version: string, than: string): boolean {
  const [a, b] = [version, than].map(text =>
    /^(\d+)\.(\d+)\.(\d+)/.exec(text)?.slice(1).map(Number),
  )
  if (!a || !b) return false
  const first = a.findIndex((part, i) => part !== b[i])
  return first >= 0 && a[first]! > b[first]!
}
