import type { DatasetRequest } from '../../spec/dataset-request.js'
import { exitCodes } from '../exit-codes.js'
import { CommandError } from '../failure.js'

export type PushOptions = Omit<DatasetRequest, 'source' | 'sources'>

/** What the API takes, as texts or as JSON. The schemas themselves would take long to load. */
const kinds: Readonly<Record<Exclude<keyof PushOptions, 'name'>, 'text' | 'json'>> = {
  labels: 'json',
  height: 'json',
  width: 'json',
  channels: 'json',
  resize: 'json',
  features: 'json',
  dtype: 'text',
  range: 'text',
  target: 'text',
  schema: 'json',
  delimiter: 'text',
  header: 'json',
  decimal: 'text',
  thousands: 'text',
  missing: 'json',
  sheet: 'text',
  layout: 'text',
  onError: 'text',
  maxSkipped: 'json',
  splits: 'json',
}

/**
 * Options of the API, as `key=value`. A value is JSON, or the text itself where the API takes texts; `key.part=value`
 * sets one part of an object, such as `splits.val=0.1` or `schema.zip=category`.
 */
export function parseSet(pairs: readonly string[]): PushOptions {
  const options: Record<string, unknown> = {}
  for (const pair of pairs) {
    const equals = pair.indexOf('=')
    const path = pair.slice(0, equals)
    const dot = path.indexOf('.')
    const key = dot < 0 ? path : path.slice(0, dot)
    if (equals < 1) throw usage(`--set '${pair}' is no key=value, such as onError=skip`)
    if (!isOption(key)) {
      const names = Object.keys(kinds).join(', ')
      throw usage(`--set '${pair}': there is no option '${key}'; there are ${names}`)
    }
    const value = pair.slice(equals + 1)
    if (dot < 0) {
      options[key] = parseValue(key, value)
      continue
    }
    const parts = Object(options[key] ?? {}) as Record<string, unknown>
    options[key] = { ...parts, [path.slice(dot + 1)]: jsonOr(value) }
  }
  return options as PushOptions
}

const isOption = (key: string): key is keyof typeof kinds => Object.hasOwn(kinds, key)

function parseValue(key: keyof typeof kinds, value: string): unknown {
  if (kinds[key] === 'text') return value
  const parsed = jsonOr(value)
  if (key !== 'resize' || typeof parsed === 'object') return parsed
  const size = /^(\d{1,5})(?:x(\d{1,5}))?$/.exec(value)
  if (size) return { height: Number(size[1]), width: Number(size[2] ?? size[1]) }
  throw usage(
    `--set 'resize=${value}': expected a size such as 224 or 224x160 (height x width); resize.mode=fit sets the mode`,
  )
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

const usage = (message: string) => new CommandError(message, exitCodes.usage)

/** The options as fields of a form. */
export const formFields = (options: PushOptions): [string, string][] =>
  Object.entries(options).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : JSON.stringify(value),
  ])
