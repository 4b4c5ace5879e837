import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fromBinary } from '@bufbuild/protobuf'
import { type DType, dtypeOf } from './dtype.js'
import { SavedModelSchema, type TensorInfo } from './proto/tensorflow_pb.js'
import { compatible, describe, type Shape, sizeOf } from './shape.js'
import { type Feed, type Fetched, feedOf, SessionError, type Typed } from './values.js'

/** The part of `@tensorflow/tfjs-node-gpu` that a session needs; the caller loads it. */
export interface Runtime {
  readonly node: {
    loadSavedModel(folder: string, tags: string[], signature: string): Promise<RuntimeModel>
  }
  tensor(
    values: Float32Array | Int32Array | Uint8Array | Uint8Array[],
    shape: number[],
    dtype: 'float32' | 'int32' | 'bool' | 'string',
  ): RuntimeTensor
  /** Reads without decoding strings, which a tensor's own `dataSync` would. */
  backend(): { readSync(id: object): unknown }
}

interface RuntimeModel {
  // The declared types also cover models without names; with names both are always such maps.
  predict(inputs: never): unknown
  dispose(): unknown
}

export interface RuntimeTensor {
  readonly shape: number[]
  readonly dataId: object
  dispose(): void
}

interface Port {
  readonly dtype: DType
  readonly shape: Shape
}

interface Loaded {
  readonly model: RuntimeModel
  readonly inputs: ReadonlyMap<string, Port>
  readonly outputs: ReadonlyMap<string, Port>
}

/** Loads a SavedModel. Its folder must not change or be opened again with other contents. */
export async function openSession(runtime: Runtime, folder: string): Promise<Session> {
  const file = fromBinary(SavedModelSchema, await readFile(join(folder, 'saved_model.pb')))
  const signatures = new Map<string, Loaded>()
  for (const metaGraph of file.metaGraphs) {
    for (const [name, { inputs, outputs }] of Object.entries(metaGraph.signatureDef)) {
      const model = await runtime.node.loadSavedModel(folder, ['serve'], name)
      signatures.set(name, { model, inputs: ports(inputs), outputs: ports(outputs) })
    }
  }
  return new Session(runtime, folder, signatures)
}

export class Session {
  #closed = false

  constructor(
    private readonly runtime: Runtime,
    readonly folder: string,
    private readonly signatures: ReadonlyMap<string, Loaded>,
  ) {}

  /** Runs to its end before it returns. */
  run(signature: string, feeds: Readonly<Record<string, Feed>> = {}): Fetches {
    if (this.#closed) throw new SessionError(`the session on ${this.folder} is closed`)
    const loaded = this.signatures.get(signature)
    if (!loaded) {
      const known = [...this.signatures.keys()].join(', ')
      throw new SessionError(`there is no signature ${signature}; there are ${known}`)
    }
    // All of it before the native call: the binding leaks when a run fails.
    const checked = checkFeeds(signature, loaded.inputs, feeds)
    const tensors = new Map<string, RuntimeTensor>()
    try {
      for (const [name, { data, shape, dtype }] of checked) {
        tensors.set(name, this.runtime.tensor(data, [...shape], dtype))
      }
      const results = loaded.model.predict(Object.fromEntries(tensors) as never)
      return this.#collect(signature, loaded.outputs, results as Record<string, RuntimeTensor>)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new SessionError(`${signature}: ${reason}`, { cause })
    } finally {
      for (const tensor of tensors.values()) tensor.dispose()
    }
  }

  #collect(
    signature: string,
    outputs: ReadonlyMap<string, Port>,
    results: Record<string, RuntimeTensor>,
  ): Fetches {
    try {
      const values = [...outputs].map(([name, { dtype }]): [string, Fetched] => {
        const { shape, dataId } = results[name]!
        const data = this.runtime.backend().readSync(dataId) as Fetched['data']
        return [name, { dtype, shape, data }]
      })
      return new Fetches(signature, new Map(values))
    } finally {
      for (const tensor of Object.values(results)) tensor.dispose()
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    for (const { model } of this.signatures.values()) model.dispose()
  }
}

/** What a run answered, by the names of the signature's outputs. */
export class Fetches {
  constructor(
    private readonly signature: string,
    private readonly values: ReadonlyMap<string, Fetched>,
  ) {}

  get(name: string): Fetched {
    const value = this.values.get(name)
    if (value) return value
    const known = [...this.values.keys()].join(', ')
    throw new SessionError(`${this.signature} has no output ${name}; it has ${known}`)
  }

  /** The only element of a numeric output. */
  number(name: string): number {
    const { data, shape } = this.get(name)
    const [value] = data
    if (data.length === 1 && typeof value === 'number') return value
    throw new SessionError(`${this.signature}: ${name} is ${describe(shape)}, not one number`)
  }

  floats(name: string): Float32Array {
    return this.typed(name, Float32Array)
  }

  ints(name: string): Int32Array {
    return this.typed(name, Int32Array)
  }

  /** The elements of a string output as text. */
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

function ports(infos: Record<string, TensorInfo>): Map<string, Port> {
  return new Map(
    Object.entries(infos).map(([name, { dtype, tensorShape }]) => {
      const known = dtypeOf(dtype)
      if (!known) throw new SessionError(`${name} has a type that sessions do not know: ${dtype}`)
      return [
        name,
        { dtype: known, shape: (tensorShape?.dim ?? []).map(({ size }) => Number(size)) },
      ]
    }),
  )
}

function checkFeeds(
  signature: string,
  inputs: ReadonlyMap<string, Port>,
  feeds: Readonly<Record<string, Feed>>,
): Map<string, Typed> {
  for (const name of Object.keys(feeds)) {
    if (inputs.has(name)) continue
    const known = [...inputs.keys()].join(', ') || 'no inputs'
    throw new SessionError(`${signature} has no input ${name}; it has ${known}`)
  }
  return new Map(
    [...inputs].map(([name, port]) => {
      const what = `${signature}: input ${name}`
      const feed = feeds[name]
      if (feed === undefined) throw new SessionError(`${what} is missing`)
      const typed = feedOf(what, feed, port.dtype)
      if (!compatible(typed.shape, port.shape)) {
        throw new SessionError(
          `${what} has shape ${describe(typed.shape)}, the graph expects ${describe(port.shape)}`,
        )
      }
      if (typed.data.length !== sizeOf(typed.shape)) {
        throw new SessionError(
          `${what}: ${typed.data.length} values do not fill shape ${describe(typed.shape)}`,
        )
      }
      return [name, typed]
    }),
  )
}
