import { type Flaw, TrainyardError } from '../../errors.js'
import type { PredictRequest } from '../../spec/ipc-messages.js'
import type { NetworkManifest } from '../../spec/model.js'
import { invalidRequest, unknownField } from '../http/http-error.js'

type Pixels = PredictRequest['input'] & { kind: 'pixels' }

const mostFlaws = 20

/** `{ "instances": [...] }` → pixels. Nothing is passed on unless all of it fits the model. */
export function readInstances(
  body: unknown,
  input: NetworkManifest['input'],
  most: number,
): Pixels {
  const instances = instancesOf(body, most)
  const { height, width, channels } = input
  const size = height * width * channels
  const data = new Float32Array(instances.length * size)
  const flaws: Flaw[] = []
  instances.forEach((instance, i) => {
    if (flaws.length >= mostFlaws) return
    const layout = layoutOf(instance, input)
    const found = fill(data.subarray(i * size, (i + 1) * size), instance, layout)
    if (found) flaws.push({ path: `/instances/${[i, ...found.at].join('/')}`, ...found.flaw })
  })
  if (flaws.length > 0) {
    const expected = `each instance is ${describe(input)}`
    const message = `${flaws.map(({ path, message }) => `${path}: ${message}`).join('; ')}; ${expected}`
    throw new TrainyardError('INVALID_INSTANCES', 'invalid', message, { errors: flaws })
  }
  return { kind: 'pixels', data, shape: [instances.length, height, width, channels] }
}

function instancesOf(body: unknown, most: number): unknown[] {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalidRequest('', 'wrong_type', 'the body is expected to be an object with instances')
  }
  const unknown = Object.keys(body).find(field => field !== 'instances')
  if (unknown !== undefined) throw unknownField(unknown, ', expected instances')
  const { instances } = body as { instances?: unknown }
  if (!Array.isArray(instances)) {
    throw invalidRequest('/instances', 'required', 'instances is expected to be an array of images')
  }
  if (instances.length < 1 || instances.length > most) {
    const message = `instances has ${instances.length} entries, expected 1 to ${most}`
    throw invalidRequest('/instances', 'wrong_length', message)
  }
  return instances
}

/** How deep an instance nests says which of the accepted layouts it means. */
function layoutOf(
  instance: unknown,
  { height, width, channels }: NetworkManifest['input'],
): number[] {
  const row: unknown = Array.isArray(instance) ? instance[0] : undefined
  if (typeof row === 'number') return [height * width * channels]
  const pixel: unknown = Array.isArray(row) ? row[0] : undefined
  return typeof pixel === 'number' && channels === 1 ? [height, width] : [height, width, channels]
}

interface Found {
  at: number[]
  flaw: Pick<Flaw, 'code' | 'message'>
}

/** Copies an instance to `pixels`; where it does not fit, says at which indices, and why. */
function fill(pixels: Float32Array, instance: unknown, layout: readonly number[]): Found | null {
  let next = 0
  const visit = (value: unknown, depth: number): Found | null => {
    const length = layout[depth]
    if (length === undefined) {
      const flaw = pixelFlaw(value)
      if (flaw) return { at: [], flaw }
      pixels[next++] = value as number
      return null
    }
    if (!Array.isArray(value)) {
      return { at: [], flaw: { code: 'wrong_type', message: `expected ${length} entries` } }
    }
    if (value.length !== length) {
      const message = `has ${value.length} entries, expected ${length}`
      return { at: [], flaw: { code: 'wrong_length', message } }
    }
    for (let i = 0; i < length; i++) {
      const found = visit(value[i], depth + 1)
      if (found) return { ...found, at: [i, ...found.at] }
    }
    return null
  }
  return visit(instance, 0)
}

function pixelFlaw(value: unknown): Found['flaw'] | null {
  if (typeof value !== 'number') {
    const type = value === null ? 'null' : Array.isArray(value) ? 'an array' : `a ${typeof value}`
    return { code: 'wrong_type', message: `is ${type}, expected a number` }
  }
  if (value >= 0 && value <= 255) return null
  return { code: 'out_of_range', message: `is ${value}, expected 0 to 255` }
}

function describe({ height, width, channels }: NetworkManifest['input']): string {
  const flat = channels === 1 ? `, [${height}][${width}]` : ''
  return `[${height}][${width}][${channels}]${flat} or flat, ${height * width * channels} numbers`
}
