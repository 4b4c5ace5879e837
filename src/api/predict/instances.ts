import { type FieldError, FieldErrors, TrainyardError } from '../../errors.js'
import type { ImageCounts } from '../../serving/image-counts.js'
import { type ReadImages, readImageFiles } from '../../serving/image-files.js'
import type { FileInput } from '../../serving/image-notes.js'
import { invalidRequest, unknownField } from '../http/http-error.js'
import { decodeBase64 } from './base64.js'
import { checkPixel, describeInput, type ImageShape, pixelsOf } from './pixels.js'

const maxFieldErrors = 20

/**
 * `{ "instances": [...] }` or `{ "inputs": [...] }` → images, either as numbers or as `{ "b64": … }` of image files.
 * Throws unless every one fits the model.
 */
export function readInstances(
  body: unknown,
  input: FileInput,
  counts: ImageCounts,
  maxPixels: number,
): ReadImages {
  const { list, path } = listOf(body)
  const areFiles = isObject(list[0])
  const maxInstances = areFiles ? counts.files : counts.pixels
  if (list.length < 1 || list.length > maxInstances) {
    const message = `${path.slice(1)} has ${list.length} entries, expected 1 to ${maxInstances}`
    throw invalidRequest(path, 'wrong_length', message)
  }
  return areFiles ? readFiles(list, path, input, maxPixels) : readNumbers(list, path, input)
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The images, and where they are. `inputs` may name the model's only input. */
function listOf(body: unknown): { list: unknown[]; path: string } {
  if (!isObject(body)) {
    throw invalidRequest('', 'wrong_type', 'the body is expected to be an object with instances')
  }
  const unknownName = Object.keys(body).find(field => field !== 'instances' && field !== 'inputs')
  if (unknownName !== undefined) throw unknownField(unknownName, ', expected instances')
  const { instances, inputs } = body as { instances?: unknown; inputs?: unknown }
  if (instances !== undefined && inputs !== undefined) {
    throw invalidRequest('/inputs', 'contradiction', 'give either instances or inputs, not both')
  }
  const named = isObject(inputs) ? (inputs as { images?: unknown }).images : inputs
  const path =
    instances !== undefined ? '/instances' : isObject(inputs) ? '/inputs/images' : '/inputs'
  const list = instances ?? named
  if (Array.isArray(list)) return { list, path }
  const at = inputs === undefined ? '/instances' : path
  throw invalidRequest(at, 'required', `${at.slice(1)} is expected to be an array of images`)
}

function readFiles(
  list: readonly unknown[],
  path: string,
  input: FileInput,
  maxPixels: number,
): ReadImages {
  const errors = new FieldErrors()
  const files = list.map((instance, i) => {
    const file = fileOf(instance)
    if (file instanceof Uint8Array) return file
    if (errors.all.length < maxFieldErrors)
      errors.add(`${path}/${i}${file.path}`, file.code, file.message)
    return new Uint8Array()
  })
  errors.throwIfAny('INVALID_INSTANCES')
  return readImageFiles(files, { input, maxPixels, pathOf: index => `${path}/${index}` })
}

function fileOf(instance: unknown): Uint8Array | FieldError {
  const expected = 'expected { "b64": "…" }, an image file in base64, as the first one is'
  if (!isObject(instance)) return { path: '', code: 'wrong_type', message: expected }
  const other = Object.keys(instance).find(field => field !== 'b64')
  if (other !== undefined || !('b64' in instance))
    return { path: '', code: 'unknown_field', message: expected }
  if (typeof instance.b64 !== 'string')
    return { path: '/b64', code: 'wrong_type', message: 'expected a text in base64' }
  const decoded = decodeBase64(instance.b64)
  return typeof decoded === 'string'
    ? { path: '/b64', code: 'invalid_format', message: decoded }
    : decoded
}

function readNumbers(list: readonly unknown[], path: string, input: ImageShape): ReadImages {
  const { height, width, channels } = input
  const size = height * width * channels
  const data = new Float32Array(list.length * size)
  const errors = new FieldErrors()
  list.forEach((instance, i) => {
    if (errors.all.length >= maxFieldErrors) return
    const instanceShape = shapeOf(instance, input)
    const found = copyPixels(data.subarray(i * size, (i + 1) * size), instance, instanceShape)
    if (!found) return
    const { code, message } = found.error
    errors.add(`${path}/${[i, ...found.indices].join('/')}`, code, message)
  })
  if (errors.all.length > 0) {
    const expected = `each instance is ${describeInput(input)}`
    const message = `${errors.all.map(({ path, message }) => `${path}: ${message}`).join('; ')}; ${expected}`
    throw new TrainyardError('INVALID_INSTANCES', message, { errors: errors.all })
  }
  return pixelsOf(data, input)
}

/** Infers an instance's layout (flat, [h][w] or [h][w][c]) from its depth of nesting. */
function shapeOf(instance: unknown, { height, width, channels }: ImageShape): number[] {
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
  if (typeof value === 'number') return checkPixel(value)
  const type = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
  return { code: 'wrong_type', message: `is ${type}, expected a number` }
}
