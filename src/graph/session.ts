import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { type DType, dtypeOf } from './dtype.js'
import { DataType, SavedModelSchema, type TensorInfo } from './proto/tensorflow_pb.js'
import { type SessionOptions, sessionConfig } from './session-config.js'
import { formatShape, isCompatible, type Shape, sizeOf } from './shape.js'
import {
  type Feed,
  type FeedTensor,
  type FetchedTensor,
  SessionError,
  toFeedTensor,
} from './values.js'

/** The part of TensorFlow that a session needs; the caller loads it (src/engine/tensorflow.ts). */
export interface Runtime {
  tensor(
    values: Float32Array | Int32Array | Uint8Array | Uint8Array[],
    shape: number[],
    dtype: 'float32' | 'int32' | 'bool' | 'string',
  ): RuntimeTensor
  backend(): Backend
}

/**
 * The calls beneath `tf.node.loadSavedModel`, which loads one signature per call and parses the
 * whole file each time: 1 s for the eleven signatures of ResNet-50, 18 s for ResNet-1001's.
 */
export interface Backend {
  /** Opens a native session and returns its number. `config`: a ConfigProto. `target`: the server that runs it. */
  loadSavedModelMetaGraph(
    folder: string,
    tags: string,
    config?: Uint8Array,
    target?: string,
  ): number
  /** Of `infos`, the inputs' infos, it reads `name` and `tfDtype`. */
  runSavedModel(
    session: number,
    inputs: never[],
    infos: never[],
    outputs: string[],
  ): RuntimeTensor[]
  deleteSavedModel(session: number): void
  /** Unlike a tensor's `dataSync`, does not decode strings. */
  readSync(id: object): unknown
}

export interface RuntimeTensor {
  readonly shape: number[]
  readonly dataId: object
  dispose(): void
}

interface SignatureTensor {
  /** The name in the graph, such as `train/loss:0`. */
  readonly name: string
  readonly tfDtype: string
  readonly dtype: DType
  readonly shape: Shape
}

interface Signature {
  readonly inputs: ReadonlyMap<string, SignatureTensor>
  readonly outputs: ReadonlyMap<string, SignatureTensor>
}

/** Loads a SavedModel into a native session of its own. */
export async function openSession(
  runtime: Runtime,
  folder: string,
  options: SessionOptions = {},
): Promise<Session> {
  const file = fromBinary(SavedModelSchema, await readFile(join(folder, 'saved_model.pb')))
  const signatures = new Map<string, Signature>()
  for (const { signatureDef } of file.metaGraphs) {
    for (const [name, { inputs, outputs }] of Object.entries(signatureDef)) {
      signatures.set(name, { inputs: signatureTensors(inputs), outputs: signatureTensors(outputs) })
    }
  }
  const sessionId = runtime
    .backend()
    .loadSavedModelMetaGraph(folder, 'serve', sessionConfig(options), options.target)
  return new Session(runtime, folder, sessionId, signatures)
}

export class Session {
  private closed = false

  constructor(
    private readonly runtime: Runtime,
    readonly folder: string,
    private readonly sessionId: number,
    private readonly signatures: ReadonlyMap<string, Signature>,
  ) {}

  /** Runs a signature synchronously, which blocks the thread. Throws SessionError. */
  run(signature: string, feeds: Readonly<Record<string, Feed>> = {}): RunResult {
    if (this.closed) throw new SessionError(`the session on ${this.folder} is closed`)
    const definition = this.signatures.get(signature)
    if (!definition) {
      const known = [...this.signatures.keys()].join(', ')
      throw new SessionError(`there is no signature ${signature}; there are ${known}`)
    }
    // Checks everything before the native call, because the binding leaks memory if a run fails.
    const feedTensors = checkFeeds(signature, definition.inputs, feeds)
    const tensors: RuntimeTensor[] = []
    try {
      for (const { data, shape, dtype } of feedTensors.values()) {
        tensors.push(this.runtime.tensor(data, [...shape], dtype))
      }
      const outputs = [...definition.outputs.values()].map(({ name }) => name)
      const infos = [...definition.inputs.values()] as never[]
      const backend = this.runtime.backend()
      const results = backend.runSavedModel(this.sessionId, tensors as never[], infos, outputs)
      return this.collect(signature, definition.outputs, results)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new SessionError(`${signature}: ${reason}`, { cause })
    } finally {
      for (const tensor of tensors) tensor.dispose()
    }
  }

  /** Whether a signature has an input of a name. */
  hasInput(signature: string, name: string): boolean {
    return this.signatures.get(signature)?.inputs.has(name) ?? false
  }

  /** The shape of an input, as far as the graph knows it. Throws SessionError if there is none. */
  inputShape(signature: string, name: string): Shape {
    const input = this.signatures.get(signature)?.inputs.get(name)
    if (input) return input.shape
    throw new SessionError(`there is no input ${name} of ${signature}`)
  }

  /** The shape of an output, as far as the graph knows it. Throws SessionError if there is none. */
  outputShape(signature: string, name: string): Shape {
    const output = this.signatures.get(signature)?.outputs.get(name)
    if (output) return output.shape
    throw new SessionError(`there is no output ${name} of ${signature}`)
  }

  private collect(
    signature: string,
    outputs: ReadonlyMap<string, SignatureTensor>,
    results: readonly RuntimeTensor[],
  ): RunResult {
    try {
      const values = [...outputs].map(([name, { dtype }], i): [string, FetchedTensor] => {
        const { shape, dataId } = results[i]!
        const data = this.runtime.backend().readSync(dataId) as FetchedTensor['data']
        return [name, { dtype, shape, data }]
      })
      return new RunResult(signature, new Map(values))
    } finally {
      for (const tensor of results) tensor.dispose()
    }
  }

  close(): void {
    if (this.closed) return
    this.closed = true
    this.runtime.backend().deleteSavedModel(this.sessionId)
  }
}

/** The outputs of a run, by name. */
export class RunResult {
  constructor(
    private readonly signature: string,
    private readonly values: ReadonlyMap<string, FetchedTensor>,
  ) {}

  get(name: string): FetchedTensor {
    const value = this.values.get(name)
    if (value) return value
    const known = [...this.values.keys()].join(', ')
    throw new SessionError(`${this.signature} has no output ${name}; it has ${known}`)
  }

  /** The value of a numeric output with one element. */
  number(name: string): number {
    const { data, shape } = this.get(name)
    const [value] = data
    if (data.length === 1 && typeof value === 'number') return value
    throw new SessionError(`${this.signature}: ${name} is ${formatShape(shape)}, not one number`)
  }

  floats(name: string): Float32Array {
    return this.typed(name, Float32Array)
  }

  ints(name: string): Int32Array {
    return this.typed(name, Int32Array)
  }

  /** The elements of a string output, decoded as UTF-8. */
  strings(name: string): string[] {
    return Array.from<unknown, string>(this.get(name).data, bytes =>
      Buffer.from(bytes as Uint8Array).toString(),
    )
  }

  private typed<T>(name: string, type: new (...args: never[]) => T): T {
    const { data, dtype } = this.get(name)
    if (data instanceof type) return data
    throw new SessionError(`${this.signature}: ${name} is ${dtype}, not ${type.name}`)
  }
}

function signatureTensors(infos: Record<string, TensorInfo>): Map<string, SignatureTensor> {
  return new Map(
    Object.entries(infos).map(([key, { dtype, tensorShape, encoding }]) => {
      const knownDtype = dtypeOf(dtype)
      if (!knownDtype)
        throw new SessionError(`${key} has a type that sessions do not know: ${dtype}`)
      const name = encoding.value as string
      const shape = (tensorShape?.dim ?? []).map(({ size }) => Number(size))
      return [key, { name, tfDtype: DataType[dtype], dtype: knownDtype, shape }]
    }),
  )
}

function checkFeeds(
  signature: string,
  inputs: ReadonlyMap<string, SignatureTensor>,
  feeds: Readonly<Record<string, Feed>>,
): Map<string, FeedTensor> {
  for (const name of Object.keys(feeds)) {
    if (inputs.has(name)) continue
    const known = [...inputs.keys()].join(', ') || 'no inputs'
    throw new SessionError(`${signature} has no input ${name}; it has ${known}`)
  }
  return new Map(
    [...inputs].map(([name, spec]) => {
      const label = `${signature}: input ${name}`
      const feed = feeds[name]
      if (feed === undefined) throw new SessionError(`${label} is missing`)
      const tensor = toFeedTensor(label, feed, spec.dtype)
      if (!isCompatible(tensor.shape, spec.shape)) {
        throw new SessionError(
          `${label} has shape ${formatShape(tensor.shape)}, the graph expects ${formatShape(spec.shape)}`,
        )
      }
      if (tensor.data.length !== sizeOf(tensor.shape)) {
        throw new SessionError(
          `${label}: ${tensor.data.length} values do not fill shape ${formatShape(tensor.shape)}`,
        )
      }
      return [name, tensor]
    }),
  )
}
