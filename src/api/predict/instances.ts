import { type FieldError, FieldErrors, TrainyardError } from '../../errors.js'
import type { PredictRequest } from '../../spec/ipc-messages.js'
import type { NetworkManifest } from '../../spec/model.js'
import { invalidRequest, unknownField } from '../http/http-error.js'

export type Pixels = PredictRequest['input'] & { kind: 'pixels' }
export type ImageInput = Pick<NetworkManifest['input'], 'height' | 'width' | 'channels'>

const maxFieldErrors = 20

/** `{ "instances": [...] }` → pixels [n, h, w, c]. Throws unless every instance fits the model. */
export function readInstances(body: unknown, input: ImageInput, maxInstances: number): Pixels {
  const instances = parseInstances(body, maxInstances)
  const { height, width, channels } = input
  const size = height * width * channels
  const data = new Float32Array(instances.length * size)
  const errors = new FieldErrors()
  instances.forEach((instance, i) => {
    if (errors.all.length >= maxFieldErrors) return
    const instanceShape = shapeOf(instance, input)
    const found = copyPixels(data.subarray(i * size, (i + 1) * size), instance, instanceShape)
    if (!found) return
    const { code, message } = found.error
    errors.add(`/instances/${[i, ...found.indices].join('/')}`, code, message)
  })
  if (errors.all.length > 0) {
    const expected = `each instance is ${describeInput(input)}`
    const message = `${errors.all.map(({ path, message }) => `${path}: ${message}`).join('; ')}; ${expected}`
    throw new TrainyardError('INVALID_INSTANCES', message, { errors: errors.all })
  }
  return { kind: 'pixels', data, shape: [instances.length, height, width, channels] }
}

function parseInstances(body: unknown, maxInstances: number): unknown[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidRequest('', 'wrong_type', 'the body is expected to be an object with instances')
  }
  const unknownName = Object.keys(body).find(field => field !== 'instances')
  if (unknownName !== undefined) throw unknownField(unknownName, ', expected instances')
  const { instances } = body as { instances?: unknown }
  if (!Array.isArray(instances)) {
    throw invalidRequest('/instances', 'required', 'instances is expected to be an array of images')
  }
  if (instances.length < 1 || instances.length > maxInstances) {
    const message = `instances has ${instances.length} entries, expected 1 to ${maxInstances}`
    throw invalidRequest('/instances', 'wrong_length', message)
  }
  return instances
}

/** Infers an instance's layout (flat, [h][w] or [h][w][c]) from its depth of nesting. */
function shapeOf(instance: unknown, { height, width, channels }: ImageInput): number[] {
  const row: unknown = Array.isArray(instance) ? instance[0] : undefined
  if (typeof row === 'number') return [height * width * channels]
  const pixel: unknown = Array.isArray(row) ? row[0] : undefined
  return typeof pixel === 'number' && channels === 1 ? [height, width] : [height, width, channels]
}

interface InstanceError {
  indices: number[]
  error: Pick<FieldError, 'code' | 'message'>
}

/** Copies an instance to `pixels`. Returns the first error and its indices if it does not fit. */
function copyPixels(
  pixels: Float32Array,
  instance: unknown,
  shape: readonly number[],
): InstanceError | null {
  let offset = 0
  const visit = (value: unknown, depth: number): InstanceError | null => {
    const length = shape[depth]
    if (length === undefined) {
      const error = pixelError(value)
      if (error) return { indices: [], error }
      pixels[offset++] = value as number
      return null
    }
    if (!Array.isArray(value)) {
      return { indices: [], error: { code: 'wrong_type', message: `expected ${length} entries` } }
    }
    if (value.length !== length) {
      const message = `has ${value.length} entries, expected ${length}`
      return { indices: [], error: { code: 'wrong_length', message } }
    }
    for (let i = 0; i < length; i++) {
      const found = visit(value[i], depth + 1)
      if (found) return { ...found, indices: [i, ...found.indices] }
    }
    return null
  }
  return visit(instance, 0)
}

function pixelError(value: unknown): InstanceError['error'] | null {
  if (typeof value !== 'number') {
    const type = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
    return { code: 'wrong_type', message: `is ${type}, expected a number` }
  }
  if (value >= 0 && value <= 255) return null
  return { code: 'out_of_range', message: `is ${value}, expected 0 to 255` }
}

function describeInput({ height, width, channels }: ImageInput): string {
  const flat = channels === 1 ? `, [${height}][${width}]` : ''
  return `[${height}][${width}][${channels}]${flat} or flat, ${height * width * channels} numbers`
}
