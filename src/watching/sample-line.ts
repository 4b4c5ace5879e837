import { ulid } from 'ulid'
import type { ImagesInput, RowsInput } from '../spec/ipc-messages.js'
import { isBoostingModel, type Model } from '../spec/model.js'
import type { RequestSample, SampledInput } from '../spec/model-watch.js'

/** A request to keep, with what it gave to the model. */
export interface SampledRequest {
  model: Model
  count: number
  input: ({ kind: 'rows' } & RowsInput) | ImagesInput
  values: Float32Array
  outputs: number
}

/** The same without what is not to be kept. */
export type KeptRequest = Omit<SampledRequest, 'input'> & { input: SampledRequest['input'] | null }

/** Numbers of a request that are kept as JSON: writing more would hold the event loop for too long. */
export const maxValues = 50_000
/** Bytes of images of a request that are kept. */
export const maxImageBytes = 4 * 2 ** 20

/** The memory that a request keeps: a file may be a part of its body. */
export function heldBytes(input: SampledRequest['input']): number {
  if (input.kind !== 'images') return inputBytes(input)
  const buffers = new Set(input.files.map(({ buffer }) => buffer))
  return [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0)
}

/** About its part of the line. */
function inputBytes(input: SampledRequest['input']): number {
  if (input.kind === 'rows') return 12 * input.rows.length
  if (input.kind === 'pixels') return input.data.byteLength
  return input.files.reduce((sum, { byteLength }) => sum + byteLength, 0)
}

export const isInputTooLarge = (input: SampledRequest['input'], maxBytes: number): boolean =>
  (input.kind === 'rows' && input.rows.length > maxValues) ||
  inputBytes(input) > Math.min(maxImageBytes, maxBytes / 4)

/** One line of JSON, with its line feed. `omitted`: why there is no input. */
export function sampleLine(
  { model, count, input, values, outputs }: KeptRequest,
  omitted: RequestSample['inputOmitted'] | null,
  at: number,
): string {
  const { id, version } = model
  const head = {
    ...{ id: ulid(at).toLowerCase(), at: new Date(at).toISOString(), model: id, version },
    instances: count,
    ...(omitted && { inputOmitted: omitted }),
    output: { outputs, values: Array.from(values, jsonNumber) },
  }
  const json = JSON.stringify(head)
  return `${json.slice(0, -1)},"input":${input ? inputJson(model, input) : 'null'}}\n`
}

/** As JSON.stringify writes it, without its search for what to escape in megabytes of base64. */
function inputJson(model: Model, input: SampledRequest['input']): string {
  if (input.kind === 'rows')
    return JSON.stringify({ rows: namedRows(model, input) } satisfies SampledInput)
  if (input.kind === 'pixels') {
    const { buffer, byteOffset, byteLength } = input.data
    const b64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
    return `{"pixels":{"shape":${JSON.stringify(input.shape)},"b64":"${b64}"}}`
  }
  const files = input.files.map(({ buffer, byteOffset, byteLength }) => {
    return `{"b64":"${Buffer.from(buffer, byteOffset, byteLength).toString('base64')}"}`
  })
  return `{"images":[${files.join()}]}`
}

/** Rows by column, with the names of categories. */
function namedRows(model: Model, { rows, count, offsets }: RowsInput) {
  if (!isBoostingModel(model)) throw new Error(`${model.id} takes images`)
  const { columns, offset } = model.input
  return Array.from({ length: count }, (_, row) => {
    // without a prototype, since a column may be called __proto__
    const named: Record<string, number | string | null> = Object.create(null)
    for (const [i, { name, categories }] of columns.entries()) {
      const value = rows[row * columns.length + i]!
      named[name] = Number.isNaN(value) ? null : (categories?.[value] ?? jsonNumber(value))
    }
    if (offset !== undefined && offsets) named[offset] = jsonNumber(offsets[row]!)
    return named
  })
}

/** JSON has no NaN and no infinity. */
const jsonNumber = (value: number): number | string =>
  Number.isFinite(value) ? value : String(value)
