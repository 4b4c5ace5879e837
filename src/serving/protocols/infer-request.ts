// Inference requests of the Open Inference Protocol v2 over REST, with Triton's extensions for binary tensors,
// classification and scheduling.
import { quoteTruncated } from '../../errors.js'
import type { PredictOptions } from '../pool/request.js'
import { readNested } from './nested-values.js'
import {
  decodeBytes,
  decodeNumbers,
  describeShape,
  invalidRequest,
  isDatatype,
  sizeOfShape,
  type Tensor,
  valueBytes,
} from './tensor.js'

/** What a client asks of an output. */
export interface RequestedOutput {
  name: string
  /** Over REST: as bytes after the JSON. */
  binary: boolean
  /** The number of best classes to return in place of the values. */
  classification: number | null
}

export interface Schedule {
  /** How long the client waits. */
  timeoutMs?: number
  /** 1 is the highest; 0 or absent is the server's own. */
  priority?: number
}

/** Parameters of a whole request that this server knows. */
export interface InferParameters extends Schedule {
  unknownCategory?: string
  unknownColumn?: string
}

export interface InferRequest {
  id?: string
  inputs: Tensor[]
  /** Null for all outputs of the model. */
  outputs: RequestedOutput[] | null
  /** Whether outputs that do not say so are binary. */
  binary: boolean
  parameters: InferParameters
}

/** The JSON of a request has no more inputs or outputs. */
const maxTensors = 20_000

type Fields = Readonly<Record<string, unknown>>

/** `binary`: the bytes after the JSON; `jsonBytes`: the length of the JSON. Fields that it does not know are ignored. */
export function parseInferRequest(
  json: unknown,
  binary: Uint8Array,
  jsonBytes: number,
): InferRequest {
  const { id, inputs, outputs, parameters } = objectOf(json, 'the request')
  if (id !== undefined && typeof id !== 'string')
    throw invalidRequest('id is expected to be a text')
  const known = parametersOf(parameters, 'the request')
  const reader = new TensorReader(binary, jsonBytes)
  const tensors = listOf(inputs, 'inputs').map(input => reader.read(input))
  reader.assertAllRead()
  assertDifferent('input', tensors)
  const isBinary = booleanOf(known.binary_data_output, 'binary_data_output') ?? false
  const requested = (outputs === undefined ? [] : listOf(outputs, 'outputs')).map(output =>
    outputOf(output, isBinary),
  )
  assertDifferent('output', requested)
  return {
    ...(typeof id === 'string' && { id }),
    inputs: tensors,
    outputs: requested.length > 0 ? requested : null,
    binary: isBinary,
    parameters: readInferParameters(known),
  }
}

/** Parameters of a request, over REST or gRPC. */
export function readInferParameters(parameters: Fields): InferParameters {
  const { timeout, priority, unknownCategory, unknownColumn } = parameters
  return {
    ...(isGiven(timeout) && timeoutOf(timeout)),
    ...(isGiven(priority) && { priority: wholeNumberOf(priority, 'priority') }),
    ...(isGiven(unknownCategory) && {
      unknownCategory: textOf(unknownCategory, 'unknownCategory'),
    }),
    ...(isGiven(unknownColumn) && { unknownColumn: textOf(unknownColumn, 'unknownColumn') }),
  }
}

/** Microseconds. 0 is none, as for Triton. */
function timeoutOf(value: unknown): Schedule {
  const microseconds = wholeNumberOf(value, 'timeout')
  return microseconds === 0 ? {} : { timeoutMs: microseconds / 1000 }
}

/**
 * How the server's queue understands a schedule. `since`: when the request arrived. Priority 1 goes first, then
 * requests without one, then 2 and so on.
 */
export function predictOptionsOf(
  { timeoutMs, priority = 0 }: Schedule,
  since: number,
): Pick<PredictOptions, 'deadline' | 'priority'> {
  return {
    ...(timeoutMs !== undefined && { deadline: since + timeoutMs }),
    // above -1, at which requests run that nobody waits for
    priority: priority < 2 ? priority : 1 / priority - 1,
  }
}

/** Reads tensors in the order in which their bytes follow each other. */
class TensorReader {
  private offset = 0

  constructor(
    private readonly binary: Uint8Array,
    private readonly jsonBytes: number,
  ) {}

  read(input: unknown): Tensor {
    const { name, datatype, shape, parameters, data } = objectOf(input, 'an input')
    if (typeof name !== 'string' || name === '') throw invalidRequest('an input has no name')
    if (!isDatatype(datatype)) {
      const message = `the datatype of ${quoteTruncated(name)} is ${quoteTruncated(String(datatype))}, expected one of ${Object.keys(valueBytes).join(', ')}, BYTES`
      throw invalidRequest(message)
    }
    const count = sizeOfShape(name, shape)
    const head = { name, datatype, shape: shape as number[] }
    const known = parametersOf(parameters, name)
    if ('shared_memory_region' in known) {
      const message = `${quoteTruncated(name)} is in shared memory, which this server does not read: send its values`
      throw invalidRequest(message)
    }
    if (known.binary_data_size === undefined) {
      const maxValues = this.jsonBytes
      return readNested(head, data, { base64: known.content_type === 'base64', maxValues })
    }
    if (isGiven(data)) {
      throw invalidRequest(`${quoteTruncated(name)} has both data and binary_data_size`)
    }
    const size = wholeNumberOf(known.binary_data_size, `binary_data_size of '${name}'`)
    return tensorFromBytes(head, count, this.take(name, size))
  }

  assertAllRead(): void {
    const left = this.binary.length - this.offset
    if (left === 0) return
    const message = `the body has ${left} bytes after the last tensor; binary_data_size of each input states its bytes`
    throw invalidRequest(message)
  }

  private take(name: string, size: number): Uint8Array {
    const left = this.binary.length - this.offset
    if (size > left) {
      const message = `binary_data_size of ${quoteTruncated(name)} is ${size}, but the body has ${left} bytes left`
      throw invalidRequest(message)
    }
    const bytes = this.binary.subarray(this.offset, this.offset + size)
    this.offset += size
    return bytes
  }
}

/** A tensor from its bytes in the binary layout, which REST and gRPC share. */
export function tensorFromBytes(
  { name, datatype, shape }: Pick<Tensor, 'name' | 'datatype' | 'shape'>,
  count: number,
  bytes: Uint8Array,
): Tensor {
  if (datatype === 'BYTES')
    return { name, datatype, shape, values: decodeBytes(name, bytes, count) }
  const expected = count * valueBytes[datatype]
  if (bytes.length !== expected) {
    const message = `${quoteTruncated(name)} has ${bytes.length} bytes, expected ${expected} for ${datatype} ${describeShape(shape)}`
    throw invalidRequest(message)
  }
  return { name, datatype, shape, values: decodeNumbers(datatype, bytes) }
}

function outputOf(output: unknown, isBinary: boolean): RequestedOutput {
  const { name, parameters } = objectOf(output, 'an output')
  if (typeof name !== 'string' || name === '') throw invalidRequest('an output has no name')
  const known = parametersOf(parameters, name)
  if ('shared_memory_region' in known) {
    const message = `${quoteTruncated(name)} is asked for in shared memory, which this server does not write`
    throw invalidRequest(message)
  }
  const { classification } = known
  return {
    name,
    binary: booleanOf(known.binary_data, `binary_data of '${name}'`) ?? isBinary,
    classification: isGiven(classification)
      ? wholeNumberOf(classification, `classification of '${name}'`) || null
      : null,
  }
}

function assertDifferent(kind: string, named: readonly { name: string }[]): void {
  const names = new Set<string>()
  for (const { name } of named) {
    if (names.has(name)) throw invalidRequest(`the ${kind} ${quoteTruncated(name)} is there twice`)
    names.add(name)
  }
}

const isGiven = (value: unknown): boolean => value !== undefined

function objectOf(value: unknown, what: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  throw invalidRequest(`${what} is expected to be an object`)
}

const parametersOf = (parameters: unknown, of: string): Fields =>
  isGiven(parameters) ? objectOf(parameters, `parameters of ${quoteTruncated(of)}`) : {}

function listOf(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw invalidRequest(`${name} is expected to be a list`)
  if (value.length <= maxTensors) return value
  throw invalidRequest(`${name} has ${value.length} entries, expected at most ${maxTensors}`)
}

function booleanOf(value: unknown, name: string): boolean | undefined {
  if (!isGiven(value)) return undefined
  if (typeof value === 'boolean') return value
  throw invalidRequest(`${name} is expected to be true or false`)
}

function textOf(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw invalidRequest(`${name} is expected to be a text`)
}

/** gRPC has 64-bit numbers, and clients send numbers as texts, too. */
function wholeNumberOf(value: unknown, name: string): number {
  const number = typeof value === 'bigint' || typeof value === 'string' ? Number(value) : value
  if (Number.isSafeInteger(number) && (number as number) >= 0) return number as number
  throw invalidRequest(`${truncatedName(name)} is expected to be a whole number`)
}

const truncatedName = (name: string) => (name.length > 100 ? `${name.slice(0, 100)}…` : name)
