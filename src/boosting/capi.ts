// XGBoost's C API (include/xgboost/c_api.h of 3.4.1). Call it on the main thread only: after calls
// from a worker thread, koffi hangs at exit if the library has its own threads (Koromix/koffi#274).
import koffi from 'koffi'
import { libxgboostPath } from '../engine/xgboost.js'
import { RankLost, TrainingFailure } from '../errors.js'
import type { FailureCode } from '../spec/failure-codes.js'

export type Handle = bigint
/** Arrays that XGBoost reads by their array interface. */
type InterfaceArray = Float32Array | Uint32Array | Int32Array | BigInt64Array | Int8Array
type NativeBuffer = InterfaceArray | BigUint64Array | Uint8Array
type Argument = string | number | bigint | NativeBuffer | null | ((iterator: unknown) => unknown)

const [text, pointer, count, int] = ['str', 'void *', 'uint64_t', 'int'] as const
// callbacks that are valid during one call only, so nothing stays registered
const reset = koffi.pointer(koffi.proto('void', [pointer]))
const next = koffi.pointer(koffi.proto(int, [pointer]))

/** Parameter types by function. An `out` parameter of the header is a pointer to our memory. */
const prototypes = {
  XGBSetGlobalConfig: [text],
  XGDMatrixCreateFromDense: [text, text, pointer],
  XGDMatrixCreateFromColumnar: [text, text, pointer],
  XGProxyDMatrixCreate: [pointer],
  XGProxyDMatrixSetDataColumnar: [pointer, text],
  XGQuantileDMatrixCreateFromCallback: [pointer, pointer, pointer, reset, next, text, pointer],
  XGDMatrixSetInfoFromInterface: [pointer, text, text],
  XGDMatrixSetStrFeatureInfo: [pointer, text, pointer, count],
  XGDMatrixNumRow: [pointer, pointer],
  XGDMatrixNumCol: [pointer, pointer],
  XGDMatrixFree: [pointer],
  XGBoosterCreate: [pointer, count, pointer],
  XGBoosterFree: [pointer],
  XGBoosterSetParam: [pointer, text, text],
  XGBoosterUpdateOneIter: [pointer, int, pointer],
  XGBoosterEvalOneIter: [pointer, int, pointer, pointer, count, pointer],
  XGBoosterPredictFromDMatrix: [pointer, pointer, text, pointer, pointer, pointer],
  // called for every prediction: the two strings are pointers to bytes that are encoded in advance
  XGBoosterPredictFromDense: [pointer, pointer, pointer, pointer, pointer, pointer, pointer],
  XGBoosterSaveModelToBuffer: [pointer, text, pointer, pointer],
  XGBoosterLoadModelFromBuffer: [pointer, pointer, count],
  XGBoosterSerializeToBuffer: [pointer, pointer, pointer],
  XGBoosterUnserializeFromBuffer: [pointer, pointer, count],
  XGBoosterSlice: [pointer, int, int, int, pointer],
  XGBoosterBoostedRounds: [pointer, pointer],
  XGBoosterGetNumFeature: [pointer, pointer],
  XGBoosterFeatureScore: [pointer, text, pointer, pointer, pointer, pointer, pointer],
  XGBoosterSetStrFeatureInfo: [pointer, text, pointer, count],
  XGBoosterGetStrFeatureInfo: [pointer, text, pointer, pointer],
  XGBoosterSetAttr: [pointer, text, text],
  XGBoosterGetAttr: [pointer, text, pointer, pointer],
  XGBoosterGetAttrNames: [pointer, pointer, pointer],
  XGTrackerCreate: [text, pointer],
  XGTrackerRun: [pointer, text],
  XGTrackerWorkerArgs: [pointer, pointer],
  XGTrackerFree: [pointer],
  XGCommunicatorInit: [text],
  XGCommunicatorFinalize: [],
  XGCommunicatorSignalError: [],
  XGCommunicatorBroadcast: [pointer, count, int],
} as const

type FunctionName = keyof typeof prototypes
/** Throws a TrainingFailure or a RankLost if the function reports an error. */
type CheckedCall = (...args: Argument[]) => void

/** Functions that return a number and cannot fail. */
const numberFunctions = ['XGCommunicatorGetRank', 'XGCommunicatorGetWorldSize'] as const
type NumberFunction = (typeof numberFunctions)[number]

type Xgboost = Record<FunctionName, CheckedCall> &
  Record<NumberFunction, () => number> & {
    /** Waits on another thread until the tracker has ended. Rejects if it ended by an error or `config.timeout`. */
    trackerEnd(tracker: Handle, config: string): Promise<void>
  }

let loadedApi: Xgboost | null = null

/** XGBoost's functions. The first call loads the library, which stays loaded. */
export function xgboost(): Xgboost {
  if (loadedApi) return loadedApi
  const library = koffi.load(libxgboostPath())
  const lastError = library.func('XGBGetLastError', 'str', []) as () => string
  const functions = Object.entries(prototypes).map(([name, args]) => {
    const run = library.func(name, 'int', [...args]) as (...args: Argument[]) => number
    const checked: CheckedCall = (...values) => {
      if (run(...values) !== 0) throw xgboostError(name, lastError())
    }
    return [name, checked]
  })
  const numbers = numberFunctions.map(name => [name, library.func(name, int, [])])
  const waitFor = library.func('XGTrackerWaitFor', int, [pointer, text])
  const api = Object.fromEntries([...functions, ...numbers]) as Xgboost
  api.trackerEnd = (tracker, config) =>
    new Promise((resolve, reject) => {
      // the last error is of the thread that it occurred on, which ends with the call
      const onEnd = (error: unknown, code: number) => {
        if (!error && code === 0) resolve()
        else
          reject(
            new RankLost("XGBoost's tracker ended before all ranks had left", { cause: error }),
          )
      }
      waitFor.async(tracker, config, onEnd)
    })
  // the global nthread stays unset: it would limit every booster's
  api.XGBSetGlobalConfig('{"verbosity":0}')
  loadedApi = api
  return api
}

/** Errors of XGBoost's communication with other ranks, which list where they come from: `[loop.cc:101|02:33:58]: …`. */
const communication = /\[[\w-]+\.(cc|h|cu|cuh):\d+\|\d\d:\d\d:\d\d\]/

/** Errors that neither the data nor the parameters cause. */
const errorPatterns: readonly (readonly [RegExp, FailureCode])[] = [
  [
    /bad_alloc|out of memory|failed to allocate|MemoryError|cudaErrorMemoryAllocation/i,
    'out_of_memory',
  ],
  [/cuda|\bGPU\b|nccl/i, 'gpu_error'],
]

/** `errorText` is XGBGetLastError's: a time, a source line, the message and a stack trace. */
export function xgboostError(name: string, errorText: string): TrainingFailure | RankLost {
  const lines = errorText
    .replace(/^\[\d\d:\d\d:\d\d\]\s*\S+:\d+:\s*/, '')
    .split('\n')
    .map(line => line.trim())
  const stackTrace = lines.findIndex((line, i) => i > 0 && line.startsWith('Stack trace:'))
  const messageLines = stackTrace < 0 ? lines : lines.slice(0, stackTrace)
  const message = messageLines.filter(line => line !== '').join(' ')
  if (communication.test(errorText)) return new RankLost(`XGBoost (${name}): ${message}`)
  const [, code = 'xgboost_error'] = errorPatterns.find(([pattern]) => pattern.test(message)) ?? []
  return new TrainingFailure(code, `XGBoost (${name}): ${message}`)
}

/** Memory address of the values. It is valid only while the array is referenced. */
export const address = (values: NativeBuffer): bigint => koffi.address(values)

/** NumPy's names of the element types. */
const typestrs = {
  Float32Array: '<f4',
  Uint32Array: '<u4',
  Int32Array: '<i4',
  BigInt64Array: '<i8',
  Int8Array: '|i1',
} as const

/** JSON of NumPy's array interface, version 3: XGBoost reads the values in place. */
export const arrayInterface = (
  values: InterfaceArray,
  shape: readonly number[] = [values.length],
) =>
  `{"data":[${address(values)},true],"shape":[${shape}],"typestr":"${
    typestrs[values[Symbol.toStringTag]]
  }","version":3}`

/** Memory for an `out` parameter: a pointer or an unsigned 64-bit number. */
export const outParam = () => new BigUint64Array(1)

/** Copies a result. XGBoost's next call on this thread may overwrite the original. */
export const floatsAt = (ptr: bigint, length: number) =>
  new Float32Array(copyBytes(ptr, length * 4))
export const bytesAt = (ptr: bigint, length: number) => new Uint8Array(copyBytes(ptr, length))
export const countsAt = (ptr: bigint, length: number) =>
  Array.from(new BigUint64Array(copyBytes(ptr, length * 8)), Number)
const copyBytes = (ptr: bigint, sizeBytes: number): ArrayBuffer =>
  sizeBytes === 0 ? new ArrayBuffer(0) : koffi.view(ptr, sizeBytes).slice(0)
export const stringAt = (stringPtr: BigUint64Array): string => koffi.decode(stringPtr, 'str')
export const stringsAt = (ptr: bigint, length: number): string[] =>
  length === 0 ? [] : koffi.decode(ptr, koffi.array('str', length))

/** A `char **`. The strings live as long as this object. */
export class CStringArray {
  readonly pointers: BigUint64Array
  private readonly encoded: Uint8Array[]

  constructor(texts: readonly string[]) {
    this.encoded = texts.map(cString)
    this.pointers = BigUint64Array.from(this.encoded, address)
  }
}

export const cString = (value: string): Uint8Array => new TextEncoder().encode(`${value}\0`)
