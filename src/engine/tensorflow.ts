import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { TrainyardError } from '../errors.js'
import { bindingPackage, engineMissing } from './installation.js'

/** What TensorFlow's Node binding exports, as far as sessions need it. Its types are numbers. */
interface Binding {
  readonly TF_Version: string
  readonly TF_FLOAT: number
  readonly TF_INT32: number
  readonly TF_BOOL: number
  readonly TF_STRING: number
  /** Copies the values. */
  createTensor(shape: readonly number[], type: number, values: Values): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): unknown
  /** Absent in a binding that was compiled before sessions had options. */
  readonly sessionOptions?: number
  /** `config`: a ConfigProto. `target`: the server that runs the session; by default this process. */
  loadSavedModel(folder: string, tags: string, config?: Uint8Array, target?: string): number
  deleteSavedModel(session: number): void
  /** Names are separated by commas. */
  runSavedModel(session: number, inputs: number[], names: string, outputs: string): Output[]
}

interface Output {
  id: number
  shape: number[]
}

type Values = Float32Array | Int32Array | Uint8Array | Uint8Array[]
type ValueType = 'float32' | 'int32' | 'bool' | 'string'

/** A tensor in TensorFlow's memory, until it is disposed of. */
interface NativeTensor {
  readonly shape: number[]
  readonly dataId: { readonly id: number }
  dispose(): void
}

/**
 * libtensorflow by its Node binding. The npm package of the binding brings TensorFlow.js too, which sessions do not
 * need: loading it takes 0.3 s of processor time and 44 MB.
 */
export class TensorFlow {
  private readonly types: Readonly<Record<ValueType, number>>

  constructor(private readonly binding: Binding) {
    const { TF_FLOAT, TF_INT32, TF_BOOL, TF_STRING } = binding
    this.types = { float32: TF_FLOAT, int32: TF_INT32, bool: TF_BOOL, string: TF_STRING }
  }

  /** Of libtensorflow. */
  get version(): string {
    return this.binding.TF_Version
  }

  tensor(values: Values, shape: number[], type: ValueType): NativeTensor {
    return this.tensorOf(this.binding.createTensor(shape, this.types[type], values), shape)
  }

  /** The calls that a session makes. */
  backend() {
    const { binding } = this
    return {
      loadSavedModelMetaGraph: (
        folder: string,
        tags: string,
        config?: Uint8Array,
        target?: string,
      ) => {
        if (!config && !target) return binding.loadSavedModel(folder, tags)
        // it would pass the options over
        if (!binding.sessionOptions)
          throw engineMissing("TensorFlow's binding is of an older version of Trainyard")
        return binding.loadSavedModel(folder, tags, config, target)
      },
      deleteSavedModel: (session: number) => binding.deleteSavedModel(session),
      runSavedModel: (
        session: number,
        inputs: readonly NativeTensor[],
        infos: readonly { name: string }[],
        outputs: readonly string[],
      ) => {
        const ids = inputs.map(({ dataId }) => dataId.id)
        const names = infos.map(({ name }) => name).join()
        return binding
          .runSavedModel(session, ids, names, outputs.join())
          .map(({ id, shape }) => this.tensorOf(id, shape))
      },
      readSync: (dataId: object) => binding.tensorDataSync((dataId as { id: number }).id),
    }
  }

  private tensorOf(id: number, shape: number[]): NativeTensor {
    return { shape, dataId: { id }, dispose: () => this.binding.deleteTensor(id) }
  }
}

let loaded: TensorFlow | null = null

/**
 * Loads libtensorflow into this process; a second call returns the same object. Loading blocks for about half
 * a second, so only processes that train, predict or decode images call this, never one that serves requests.
 */
export function loadTensorFlow(): TensorFlow {
  loaded ??= load()
  return loaded
}

function load(): TensorFlow {
  const manifest = bindingPackage()
  const binding = join(dirname(manifest), 'lib', 'napi-v8', 'tfjs_binding.node')
  if (!existsSync(binding))
    throw engineMissing(`TensorFlow's binding is not compiled: no ${binding}`)
  try {
    return new TensorFlow(createRequire(import.meta.url)(binding) as Binding)
  } catch (cause) {
    if (cause instanceof TrainyardError) throw cause
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw engineMissing(`TensorFlow does not load from ${binding}: ${reason}`, cause)
  }
}
