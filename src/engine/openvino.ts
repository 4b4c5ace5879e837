// OpenVINO's C API (include/openvino/c of 2026.4), for networks on processors.
import { existsSync } from 'node:fs'
import koffi, { type KoffiFunc } from 'koffi'
import { engineMissing, readInstallation } from './installation.js'

type Handle = bigint
type OutParam = BigUint64Array
type Argument = string | number | bigint | OutParam | Float32Array | object | null

const [text, pointer, size, int] = ['str', 'void *', 'size_t', 'int'] as const
const shape = koffi.struct('ov_shape_t', { rank: 'int64_t', dims: pointer })
const property = koffi.struct('ov_property_t', { key: text, value: text })

/** Parameter types of the functions that return a status. An `out` parameter is a pointer to our memory. */
const prototypes = {
  ov_core_create: [pointer],
  ov_core_read_model: [pointer, text, text, pointer],
  ov_core_compile_model_props: [pointer, pointer, text, size, koffi.pointer(property), pointer],
  ov_compiled_model_create_infer_request: [pointer, pointer],
  ov_tensor_create_from_host_ptr: [int, shape, pointer, pointer],
  ov_tensor_get_size: [pointer, pointer],
  ov_tensor_data: [pointer, pointer],
  ov_infer_request_set_input_tensor: [pointer, pointer],
  ov_infer_request_get_tensor: [pointer, text, pointer],
  ov_infer_request_start_async: [pointer],
  ov_infer_request_wait: [pointer],
} as const

const freeFunctions = [
  'ov_model_free',
  'ov_compiled_model_free',
  'ov_infer_request_free',
  'ov_tensor_free',
] as const

type FunctionName = keyof typeof prototypes
type FreeName = (typeof freeFunctions)[number]

interface Api {
  /** Throws an OpenVinoError if the function reports an error. */
  call(name: FunctionName, ...args: Argument[]): void
  /** As `call`, on another thread. */
  callAsync(name: FunctionName, ...args: Argument[]): Promise<void>
  /** Calls a function whose last parameter is a pointer to the result. */
  create(name: FunctionName, ...args: Argument[]): Handle
  free(name: FreeName, handle: Handle): void
  readonly core: Handle
}

/** An error that OpenVINO reports. */
export class OpenVinoError extends Error {
  constructor(call: string, reason: string) {
    super(`OpenVINO (${call}): ${reason}`)
    this.name = 'OpenVinoError'
  }
}

let loadedApi: Api | null = null

/** Whether set-up has installed OpenVINO, which not every platform has. */
export function hasOpenVino(): boolean {
  const { openvino } = readInstallation()
  return openvino !== undefined && openvino !== null && existsSync(openvino)
}

/** The path of the library names its version, build and platform. */
export const openVinoVersion = (): string | null => readInstallation().openvino ?? null

/** The first call loads the library, which stays loaded. Throws ENGINE_MISSING. */
function openvino(): Api {
  if (loadedApi) return loadedApi
  const path = readInstallation().openvino
  if (!path || !existsSync(path)) throw engineMissing('OpenVINO is not installed')
  const library = loadLibrary(path)
  const statusText = library.func('ov_get_error_info', text, [int]) as (status: number) => string
  const lastError = library.func('ov_get_last_err_msg', pointer, []) as () => unknown
  const freeText = library.func('ov_free', 'void', [pointer]) as (content: unknown) => void

  const errorOf = (name: string, status: number) => {
    const message = lastError()
    const reason = message ? (koffi.decode(message, 'char', -1) as string) : ''
    if (message) freeText(message)
    return new OpenVinoError(name, shorten(reason) || statusText(status))
  }
  const functions = Object.fromEntries(
    Object.entries(prototypes).map(([name, args]) => [name, library.func(name, int, [...args])]),
  ) as unknown as Record<FunctionName, KoffiFunc<(...args: Argument[]) => number>>
  const frees = Object.fromEntries(
    freeFunctions.map(name => [name, library.func(name, 'void', [pointer])]),
  ) as unknown as Record<FreeName, (handle: Handle) => void>

  const call: Api['call'] = (name, ...args) => {
    const status = functions[name](...args)
    if (status !== 0) throw errorOf(name, status)
  }
  const create: Api['create'] = (name, ...args) => {
    const out = new BigUint64Array(1)
    call(name, ...args, out)
    return out[0]!
  }
  loadedApi = {
    call,
    create,
    callAsync: (name, ...args) =>
      new Promise((resolve, reject) => {
        functions[name].async(...args, (error: unknown, status: number) => {
          if (error) reject(error)
          else if (status !== 0) reject(errorOf(name, status))
          else resolve()
        })
      }),
    free: (name, handle) => frees[name](handle),
    core: create('ov_core_create'),
  }
  return loadedApi
}

function loadLibrary(path: string) {
  try {
    return koffi.load(path)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw engineMissing(`OpenVINO does not load from ${path}: ${reason}`, cause)
  }
}

/** A message in one line, without source lines such as `Exception from src/core/…:123:` and without advice. */
const shorten = (message: string) =>
  message
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !noise.test(line))
    .join(' ')
    .slice(0, 500)
const noise = /^(Exception from \S+|Check '.*' failed at \S+|To facilitate .*)$/

const float32 = 4

export interface OpenVinoOptions {
  threads: number
  /** How many inputs run at the same time, each on its share of the threads. Default: 1. */
  streams?: number
  /** The type of convolutions and matrix products. A processor without bfloat16 instructions takes f32 for bf16. */
  precision: 'f32' | 'bf16'
  /** The names of the outputs. */
  outputs: readonly string[]
}

/**
 * Reads the SavedModel in `folder`, which has one input of floats, and no variables. Throws OpenVinoError and
 * ENGINE_MISSING.
 */
export function readOpenVino(folder: string): OpenVinoNetwork {
  const api = openvino()
  return new OpenVinoNetwork(api, api.create('ov_core_read_model', api.core, folder, null))
}

/** A network that is read. All that is compiled from it has the same weights in memory, beside its own copy. */
export class OpenVinoNetwork implements Disposable {
  constructor(
    private readonly api: Api,
    private readonly network: Handle,
  ) {}

  /** Compiles it for this processor. Blocks for about a second. Throws OpenVinoError. */
  compile({ threads, streams = 1, precision, outputs }: OpenVinoOptions): OpenVinoModel {
    const { api, network } = this
    const properties = {
      PERFORMANCE_HINT: streams === 1 ? 'LATENCY' : 'THROUGHPUT',
      INFERENCE_PRECISION_HINT: precision,
      NUM_STREAMS: String(streams),
      INFERENCE_NUM_THREADS: String(threads),
      // several processes would choose the same cores
      ENABLE_CPU_PINNING: 'NO',
    }
    const pairs = Object.entries(properties).map(([key, value]) => ({ key, value }))
    const args = [api.core, network, 'CPU', pairs.length, pairs] as const
    const compiled = api.create('ov_core_compile_model_props', ...args)
    return new OpenVinoModel(api, compiled, queuedPerStream * streams, outputs)
  }

  /** What was compiled from it stays. */
  [Symbol.dispose](): void {
    this.api.free('ov_model_free', this.network)
  }
}

/** The next input is there when a stream has run one, also while this thread is busy. */
const queuedPerStream = 2
/** V8 may move the values of shorter arrays. */
const movableBytes = 64

export class OpenVinoModel {
  private readonly idle: Handle[] = []
  private created = 0
  private readonly waiting: ((request: Handle) => void)[] = []
  private readonly runs = new Set<Promise<unknown>>()
  private closed = false

  constructor(
    private readonly api: Api,
    private readonly compiled: Handle,
    private readonly maxRequests: number,
    private readonly outputs: readonly string[],
  ) {}

  /**
   * Runs an input on threads of OpenVINO, in the order of the calls. `data` must not change until the promise is
   * settled. Throws OpenVinoError.
   */
  run(data: Float32Array, dims: readonly number[]): Promise<Record<string, Float32Array>> {
    if (this.closed) return Promise.reject(new OpenVinoError('run', 'the model is closed'))
    const elements = dims.reduce((product, dim) => product * dim, 1)
    if (elements !== data.length) {
      const reason = `${data.length} values do not fill the shape [${dims.join(', ')}]`
      return Promise.reject(new OpenVinoError('run', reason))
    }
    const run = this.inRequest(request => this.infer(request, data, dims))
    this.runs.add(run)
    const forget = () => this.runs.delete(run)
    run.then(forget, forget)
    return run
  }

  /** Inputs that run or wait. */
  get inFlight(): number {
    return this.runs.size
  }

  private async inRequest<T>(use: (request: Handle) => Promise<T>): Promise<T> {
    const request =
      this.takeRequest() ?? (await new Promise<Handle>(take => this.waiting.push(take)))
    try {
      return await use(request)
    } finally {
      const next = this.waiting.shift()
      if (next) next(request)
      else this.idle.push(request)
    }
  }

  private takeRequest(): Handle | undefined {
    if (this.idle.length > 0 || this.created === this.maxRequests) return this.idle.pop()
    const request = this.api.create('ov_compiled_model_create_infer_request', this.compiled)
    this.created++
    return request
  }

  private async infer(request: Handle, data: Float32Array, dims: readonly number[]) {
    const { api } = this
    const values = data.byteLength > movableBytes ? data : unmovable(data)
    const dimensions = unmovable(BigInt64Array.from(dims, BigInt))
    const input = api.create(
      'ov_tensor_create_from_host_ptr',
      float32,
      { rank: dims.length, dims: koffi.address(dimensions) },
      koffi.address(values),
    )
    try {
      api.call('ov_infer_request_set_input_tensor', request, input)
      api.call('ov_infer_request_start_async', request)
      await api.callAsync('ov_infer_request_wait', request)
      return Object.fromEntries(this.outputs.map(name => [name, this.output(request, name)]))
    } finally {
      api.free('ov_tensor_free', input)
    }
  }

  /** Copies an output, whose memory the next run overwrites. */
  private output(request: Handle, name: string): Float32Array {
    const { api } = this
    const tensor = api.create('ov_infer_request_get_tensor', request, name)
    try {
      const length = Number(api.create('ov_tensor_get_size', tensor))
      const address = api.create('ov_tensor_data', tensor)
      return new Float32Array(koffi.view(address, 4 * length).slice(0))
    } finally {
      api.free('ov_tensor_free', tensor)
    }
  }

  /** Frees the memory after the runs that have begun. */
  close(): void {
    if (this.closed) return
    this.closed = true
    void Promise.allSettled(this.runs).then(() => {
      for (const request of this.idle) this.api.free('ov_infer_request_free', request)
      this.api.free('ov_compiled_model_free', this.compiled)
    })
  }
}

/** A copy in memory of its own. A typed array that is short has its values in V8's heap. */
function unmovable<T extends Float32Array | BigInt64Array>(values: T): T {
  const copy = new (values.constructor as new (buffer: ArrayBuffer) => T)(
    new ArrayBuffer(values.byteLength),
  )
  copy.set(values as never)
  return copy
}
