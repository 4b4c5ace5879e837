import { type JsonPiece, joinPieces, piece, valuesPerSlice } from './joined-json.js'
import type { ChosenOutput } from './model-outputs.js'
import { encodeBytes, encodeNumbers, type Tensor } from './tensor.js'

export interface InferResponse {
  modelName: string
  modelVersion: number
  id?: string | undefined
  /** What was inferred or left out. */
  notes: readonly string[]
  outputs: readonly ChosenOutput[]
}

export interface InferBody {
  content: Buffer
  /** The length of the JSON if binary tensors follow it, else null. */
  headerLength: number | null
}

/** The body of an answer over REST: JSON, then the bytes of binary outputs. */
export async function inferBody(response: InferResponse): Promise<InferBody> {
  const binary: Uint8Array[] = []
  const json = await joinPieces(pieces(response, bytes => binary.push(bytes)))
  if (!response.outputs.some(({ binary }) => binary)) return { content: json, headerLength: null }
  return { content: Buffer.concat([json, ...binary]), headerLength: json.length }
}

function* pieces(
  { modelName, modelVersion, id, notes, outputs }: InferResponse,
  addBinary: (bytes: Uint8Array) => void,
): Generator<JsonPiece> {
  const head = {
    model_name: modelName,
    model_version: String(modelVersion),
    ...(id !== undefined && { id }),
    ...(notes.length > 0 && { parameters: { notes: notes.join('; ') } }),
  }
  yield piece(`${JSON.stringify(head).slice(0, -1)},"outputs":[`)
  for (const [i, { tensor, binary }] of outputs.entries()) {
    const { name, datatype, shape } = tensor
    const encoded = binary ? encodeTensor(tensor) : null
    const parameters = encoded && { parameters: { binary_data_size: encoded.length } }
    const output = JSON.stringify({ name, datatype, shape, ...parameters })
    yield piece(`${i > 0 ? ',' : ''}${output.slice(0, -1)}`)
    if (encoded) addBinary(encoded)
    else yield* dataPieces(tensor)
    yield piece('}')
  }
  yield piece(']}')
}

function* dataPieces(tensor: Tensor): Generator<JsonPiece> {
  yield piece(',"data":[')
  const { length } = tensor.values
  for (let start = 0; start < length; start += valuesPerSlice) {
    const end = Math.min(length, start + valuesPerSlice)
    const text = JSON.stringify(jsonValues(tensor, start, end)).slice(1, -1)
    yield piece(`${start > 0 ? ',' : ''}${text}`, end - start)
  }
  yield piece(']')
}

/** Values of a tensor for JSON. It writes null for NaN and infinite numbers. */
export function jsonValues(tensor: Tensor, start: number, end: number): (number | string)[] {
  if (tensor.datatype !== 'BYTES')
    return Array.from(tensor.values.subarray(start, end) as Float32Array)
  return tensor.values.slice(start, end).map(value => Buffer.from(value).toString())
}

/** A tensor in the binary layout, which REST and gRPC share. */
export const encodeTensor = (tensor: Tensor): Uint8Array =>
  tensor.datatype === 'BYTES' ? encodeBytes(tensor) : encodeNumbers(tensor)
