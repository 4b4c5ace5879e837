import type { Job } from '../../spec/job.js'

export interface JobOption {
  /** As in a request: `training.learningRate.peak`. */
  path: string
  value: string
  /** Whether the request has it, or what it was worked out from; null if the request is not known. */
  isGiven: boolean | null
}

/** All options of a job, with those that the request does not have. */
export function optionsOf(job: Job): JobOption[] {
  const { model, training, predict, normalization, serving, freeze, initFrom } = job
  const parts = { model, training, predict, serving, normalization, freeze, initFrom }
  return [...leaves(parts, [])].map(([path, value]) => ({
    path: path.join('.'),
    value: typeof value === 'string' ? value : JSON.stringify(value),
    isGiven: job.request && isGiven(job.request, path),
  }))
}

function* leaves(value: unknown, path: string[]): Generator<[string[], unknown]> {
  if (!isObject(value)) {
    if (value !== undefined && (value !== null || path.length > 1)) yield [path, value]
    return
  }
  for (const [name, each] of Object.entries(value)) yield* leaves(each, [...path, name])
}

/** A request may give a part shortly, such as a number in place of an object: then it gives all of that part. */
function isGiven(request: unknown, path: readonly string[]): boolean {
  let at = request
  for (const name of path) {
    if (!isObject(at)) return at !== undefined
    at = at[name]
  }
  return at !== undefined
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A command for a POSIX shell. The key stays out of it. */
export function curlCommand(url: string, request: unknown): string {
  const body = JSON.stringify(request, null, 2).replaceAll("'", "'\\''")
  return [
    `curl -s ${url}/jobs \\`,
    '  -H "Authorization: Bearer $KEY" \\',
    "  -H 'Content-Type: application/json' \\",
    `  -d '${body}'`,
  ].join('\n')
}
