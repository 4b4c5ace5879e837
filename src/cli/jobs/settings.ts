import { usageError } from '../failure.js'

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }
export type JsonObject = { [name: string]: Json }

/**
 * Sets a value of a job request, as `--set` names it: `training.steps=300`, `freeze[0]=resnet/conv_0/*`. A part of a
 * path that is a number is a place of a list. Values are JSON, and texts without quotes where they are no JSON.
 * Objects and lists on the way are made.
 */
export function applySetting(request: JsonObject, setting: string): void {
  const equals = setting.indexOf('=')
  if (equals < 1) {
    throw usageError(`--set ${setting}: expected a path and a value, such as training.steps=300`)
  }
  const path = parsePath(setting.slice(0, equals), setting)
  const value = parseValue(path, setting.slice(equals + 1))
  let holder: JsonObject | Json[] = request
  for (const [i, part] of path.entries()) {
    const isLast = i === path.length - 1
    const there: Json | undefined = read(holder, part, path.slice(0, i), setting)
    if (isLast) write(holder, part, value)
    else if (there === undefined || there === null) {
      const made: JsonObject | Json[] = typeof path[i + 1] === 'number' ? [] : {}
      write(holder, part, made)
      holder = made
    } else if (typeof there === 'object') holder = there
    else throw notInside(path.slice(0, i + 1), there, setting)
  }
}

type Part = string | number

/** `labels.example\.org/team` has a dot in its last part. */
function parsePath(text: string, setting: string): Part[] {
  const parts = text
    .replace(/\[(\d+)\]/g, '.$1')
    .split(/(?<!\\)\./)
    .map(part => part.replaceAll('\\.', '.'))
  if (parts.some(part => part === '')) {
    throw usageError(`--set ${setting}: a part of the path is empty`)
  }
  if (parts.includes('__proto__')) throw usageError(`--set ${setting}: no job has such a field`)
  return parts.map(part => (/^\d{1,6}$/.test(part) ? Number(part) : part))
}

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i

function parseValue(path: readonly Part[], text: string): Json {
  // labels are texts, also those that look like numbers
  if (path[0] === 'labels' && path.length > 1 && !text.startsWith('"')) return text
  if (number.test(text)) return Number(text)
  try {
    return JSON.parse(text) as Json
  } catch {
    // such as cosine, or a broken list, about which the server says what it expects there
    return text
  }
}

function read(
  holder: JsonObject | Json[],
  part: Part,
  above: readonly Part[],
  setting: string,
): Json | undefined {
  if (!Array.isArray(holder)) return Object.hasOwn(holder, part) ? holder[part] : undefined
  const list = above.join('.')
  if (typeof part !== 'number') {
    throw usageError(`--set ${setting}: ${list} is a list; name a place of it, such as ${list}.0`)
  }
  if (part > holder.length) {
    throw usageError(
      `--set ${setting}: ${list} has ${holder.length} entries, so the next is ${list}.${holder.length}`,
    )
  }
  return holder[part]
}

function write(holder: JsonObject | Json[], part: Part, value: Json): void {
  if (Array.isArray(holder)) holder[part as number] = value
  else holder[part] = value
}

function notInside(above: readonly Part[], there: Json, setting: string) {
  const name = above.join('.')
  return usageError(
    `--set ${setting}: ${name} is ${JSON.stringify(there)}, which has no fields; set ${name} as a whole, such as --set '${name}={"…": …}'`,
  )
}
