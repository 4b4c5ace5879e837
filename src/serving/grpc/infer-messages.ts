// Tensors and parameters of the Open Inference Protocol, as its gRPC messages have them.
import { create } from '@bufbuild/protobuf'
import { quoteTruncated } from '../../errors.js'
import { type RequestedOutput, tensorFromBytes } from '../protocols/infer-request.js'
import type { ChosenOutput } from '../protocols/model-outputs.js'
import {
  type Datatype,
  describeShape,
  emptyNumbers,
  encodeBytes,
  encodeNumbers,
  invalidRequest,
  isDatatype,
  sizeOfShape,
  type Tensor,
} from '../protocols/tensor.js'
import {
  type InferParameter,
  type InferTensorContents,
  type ModelInferRequest,
  type ModelInferRequest_InferInputTensor,
  type ModelInferResponse,
  ModelInferResponseSchema,
} from './proto/inference_pb.js'

type Parameters = Readonly<Record<string, InferParameter>>

/** The values of parameters by name. */
export const plainParameters = (parameters: Parameters): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(parameters).map(
      ([
        name,
        {
          parameterChoice: { value },
        },
      ]) => [name, typeof value === 'bigint' ? Number(value) : value],
    ),
  )

/** The inputs of a request: their bytes in `raw_input_contents`, or their values in `contents`. */
export function readInputs({ inputs, rawInputContents }: ModelInferRequest): Tensor[] {
  const isRaw = rawInputContents.length > 0
  if (isRaw && rawInputContents.length !== inputs.length) {
    const message = `there are ${rawInputContents.length} raw_input_contents for ${inputs.length} inputs: send one for each, or none`
    throw invalidRequest(message)
  }
  const names = new Set<string>()
  return inputs.map((input, i) => {
    const { name } = input
    if (names.has(name)) throw invalidRequest(`there are two inputs ${quoteTruncated(name)}`)
    names.add(name)
    return readTensor(input, isRaw ? rawInputContents[i]! : null)
  })
}

function readTensor(
  { name, datatype, shape: sizes, parameters, contents }: ModelInferRequest_InferInputTensor,
  raw: Uint8Array | null,
): Tensor {
  if (name === '') throw invalidRequest('an input has no name')
  if (!isDatatype(datatype)) {
    const message = `the datatype of ${quoteTruncated(name)} is ${quoteTruncated(datatype)}, which the protocol does not have`
    throw invalidRequest(message)
  }
  if ('shared_memory_region' in parameters) {
    const message = `${quoteTruncated(name)} is in shared memory, which this server does not read: send its values`
    throw invalidRequest(message)
  }
  const shape = sizes.map(Number)
  const count = sizeOfShape(name, shape)
  const head = { name, datatype, shape }
  if (!raw) return fromContents(head, count, contents)
  if (contents) {
    throw invalidRequest(`${quoteTruncated(name)} has both contents and raw_input_contents`)
  }
  return tensorFromBytes(head, count, raw)
}

type Contents = keyof Omit<InferTensorContents, `$${string}`>

/** The field of a datatype; the floats of 16 bits have only bytes. */
const fields: Readonly<Record<Datatype, Contents | null>> = {
  BOOL: 'boolContents',
  INT8: 'intContents',
  INT16: 'intContents',
  INT32: 'intContents',
  INT64: 'int64Contents',
  UINT8: 'uintContents',
  UINT16: 'uintContents',
  UINT32: 'uintContents',
  UINT64: 'uint64Contents',
  FP16: null,
  BF16: null,
  FP32: 'fp32Contents',
  FP64: 'fp64Contents',
  BYTES: 'bytesContents',
}

function fromContents(
  { name, datatype, shape }: Pick<Tensor, 'name' | 'datatype' | 'shape'>,
  count: number,
  contents: InferTensorContents | undefined,
): Tensor {
  const field = fields[datatype]
  if (field === null) {
    throw invalidRequest(`send ${datatype} of ${quoteTruncated(name)} as raw_input_contents`)
  }
  const found = contents?.[field] ?? []
  if (found.length !== count) {
    const message = `${quoteTruncated(name)} has ${found.length} values in its contents for ${datatype}, expected ${count} for ${describeShape(shape)}`
    throw invalidRequest(message)
  }
  if (datatype === 'BYTES') {
    return { name, datatype, shape, values: found as readonly Uint8Array[] }
  }
  const values = emptyNumbers(datatype, count)
  for (const [i, each] of found.entries()) {
    values[i] = typeof each === 'boolean' ? Number(each) : (each as number)
    // 300 as UINT8 would be 44
    if (datatype !== 'BOOL' && !datatype.startsWith('FP') && values[i] !== each) {
      throw invalidRequest(
        `value ${i} of ${quoteTruncated(name)} is ${each}, which is no ${datatype}`,
      )
    }
  }
  return { name, datatype, shape, values }
}

/** What a client asks of outputs; null for all outputs of the model. */
export function readRequestedOutputs({ outputs }: ModelInferRequest): RequestedOutput[] | null {
  if (outputs.length === 0) return null
  const names = new Set<string>()
  return outputs.map(({ name, parameters }) => {
    if (names.has(name)) throw invalidRequest(`there are two outputs ${quoteTruncated(name)}`)
    names.add(name)
    const { classification = null } = plainParameters(parameters)
    if (
      classification !== null &&
      !(Number.isInteger(classification) && Number(classification) >= 1)
    ) {
      const message = `classification of ${quoteTruncated(name)} is ${classification}, expected a whole number from 1`
      throw invalidRequest(message)
    }
    return { name, binary: true, classification: classification as number | null }
  })
}

export interface InferAnswer {
  name: string
  version: number
  id: string
  notes: readonly string[]
  outputs: readonly ChosenOutput[]
}

/** Outputs as `raw_output_contents`, which all clients read. */
export const inferResponse = ({
  name,
  version,
  id,
  notes,
  outputs,
}: InferAnswer): ModelInferResponse =>
  create(ModelInferResponseSchema, {
    modelName: name,
    modelVersion: String(version),
    id,
    ...(notes.length > 0 && {
      parameters: {
        notes: { parameterChoice: { case: 'stringParam', value: notes.join('; ') } },
      },
    }),
    outputs: outputs.map(({ tensor: { name, datatype, shape } }) => ({
      name,
      datatype,
      shape: shape.map(BigInt),
    })),
    rawOutputContents: outputs.map(({ tensor }) =>
      tensor.datatype === 'BYTES' ? encodeBytes(tensor) : encodeNumbers(tensor),
    ),
  })
