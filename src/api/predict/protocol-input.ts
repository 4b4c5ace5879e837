import { splitBody } from '../../serving/protocols/binary-body.js'
import { type InferRequest, parseInferRequest } from '../../serving/protocols/infer-request.js'
import type { ModelInput, ServedInput } from '../../serving/protocols/served-input.js'
import { inputFromRawBody, inputFromTensors } from '../../serving/protocols/tensor-input.js'
import {
  parseTfRequest,
  type TfMethod,
  type TfRequest,
} from '../../serving/protocols/tf-serving-request.js'
import { HttpError } from '../http/http-error.js'
import type { Limits } from '../http/limits.js'

/** A request of the Open Inference Protocol or of TensorFlow Serving. */
export type ProtocolTask = { bytes: Uint8Array; limits: Limits; model: ServedInput } & (
  | { kind: 'infer'; headerLength: number | null }
  | { kind: 'tf'; method: TfMethod }
)

export interface InferInput extends Omit<InferRequest, 'inputs'> {
  input: ModelInput
}

export type ProtocolInput = InferInput | TfRequest

/** `parseJson` throws for a text that is no JSON or takes long to parse. */
export function readProtocolInput(
  task: ProtocolTask,
  parseJson: (bytes: Uint8Array) => unknown,
): ProtocolInput {
  const { limits, model } = task
  if (task.kind === 'tf') {
    const json = parseChecked(task.bytes)
    return parseTfRequest(json, task.method, model, task.bytes.length, limits)
  }
  if (task.headerLength === 0) {
    const input = inputFromRawBody(task.bytes, model, limits)
    return { input, outputs: null, binary: true, parameters: {} }
  }
  const { json, binary } = splitBody(task.bytes, task.headerLength)
  const { inputs, ...request } = parseInferRequest(parseChecked(json), binary, json.length)
  return { ...request, input: inputFromTensors(inputs, model, request.parameters, limits) }

  function parseChecked(bytes: Uint8Array): unknown {
    if (bytes.length <= limits.instanceBytes) return parseJson(bytes)
    const message = `the JSON has ${bytes.length} bytes, expected at most ${limits.instanceBytes}; binary tensors may have more`
    throw new HttpError('BODY_TOO_LARGE', message)
  }
}
