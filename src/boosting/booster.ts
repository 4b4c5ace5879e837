import {
  bytesAt,
  CStringArray,
  countsAt,
  floatsAt,
  type Handle,
  outParam,
  stringAt,
  stringsAt,
  xgboost,
} from './capi.js'
import { featureInfo } from './feature-info.js'
import type { DMatrix } from './matrix.js'
import { NativeHandle } from './native-handle.js'
import type { Column } from './training-table.js'

/** XGBoost's type numbers. Contributions are SHAP values; the last one of a row is the bias. */
const predictionTypes = { value: 0, margin: 1, contributions: 2, leaf: 6 } as const
export type PredictionKind = keyof typeof predictionTypes

/**
 * Shapes: `value` and `margin` [rows, outputs], `contributions` [rows, outputs, columns + 1],
 * `leaf` [rows, rounds, outputs, 1], the number of the leaf in each tree.
 */
export interface Prediction {
  shape: readonly number[]
  values: Float32Array
}

/**
 * Feature importance. `weight`: number of a column's splits; `gain`: their mean loss reduction;
 * `cover`: the mean number of rows, weighted by the second derivative, that reach them.
 */
export type ImportanceType = 'gain' | 'weight' | 'cover' | 'total_gain' | 'total_cover'
export type ModelFormat = 'ubj' | 'json'

export class Booster extends NativeHandle {
  private constructor(handle: Handle) {
    super(handle, h => xgboost().XGBoosterFree(h))
  }

  /** `matrices`: training and evaluation data. The booster caches their margins between rounds. */
  static create(matrices: readonly DMatrix[] = []): Booster {
    const out = outParam()
    const handles = BigUint64Array.from(matrices, matrix => matrix.handle)
    xgboost().XGBoosterCreate(matrices.length === 0 ? null : handles, matrices.length, out)
    return new Booster(out[0]!)
  }

  /**
   * Loads a model that `save`, or any XGBoost, wrote. For prediction. XGBoost's default is one
   * thread per core, which is slow on a busy machine, since the threads wait for each other even
   * for a few rows.
   */
  static load(model: Uint8Array, threads = 1): Booster {
    const booster = Booster.create()
    return booster.loadWith(h => {
      booster.set({ nthread: threads })
      xgboost().XGBoosterLoadModelFromBuffer(h, model, model.length)
    })
  }

  /** Restores a booster from `serialize`'s bytes, to continue training. */
  static deserialize(bytes: Uint8Array, matrices: readonly DMatrix[] = []): Booster {
    return Booster.create(matrices).loadWith(h =>
      xgboost().XGBoosterUnserializeFromBuffer(h, bytes, bytes.length),
    )
  }

  private loadWith(load: (handle: Handle) => void): this {
    try {
      load(this.handle)
    } catch (error) {
      this.free()
      throw error
    }
    return this
  }

  /** Sets parameters by XGBoost's names. A list sets a parameter several times. */
  set(parameters: Readonly<Record<string, string | number | readonly string[]>>): void {
    const api = xgboost()
    for (const [name, value] of Object.entries(parameters)) {
      for (const item of typeof value === 'object' ? value : [value]) {
        api.XGBoosterSetParam(this.handle, name, String(item))
      }
    }
  }

  /** Trains the trees of one round, counted from 0. */
  update(round: number, training: DMatrix): void {
    xgboost().XGBoosterUpdateOneIter(this.handle, round, training.handle)
  }

  /** The metrics' values for each matrix, in the order of the `eval_metric` parameter. */
  evaluate(round: number, matrices: readonly DMatrix[]): number[][] {
    const out = outParam()
    const names = new CStringArray(matrices.map((_, i) => `${i}`))
    const handles = BigUint64Array.from(matrices, matrix => matrix.handle)
    const { length } = matrices
    xgboost().XGBoosterEvalOneIter(this.handle, round, handles, names.pointers, length, out)
    const values = matrices.map((): number[] => [])
    // [round] \t 0-rmse:0.5 \t 1-rmse:0.6
    for (const part of stringAt(out).split('\t').slice(1)) {
      values[Number.parseInt(part, 10)]!.push(parseCFloat(part.slice(part.lastIndexOf(':') + 1)))
    }
    return values
  }

  /** Uses the first `rounds` rounds; 0 means all. */
  predict(matrix: DMatrix, kind: PredictionKind = 'value', rounds = 0): Prediction {
    const [shape, dimensions, result] = [outParam(), outParam(), outParam()]
    const config = `{"type":${predictionTypes[kind]},"training":false,"iteration_begin":0,"iteration_end":${rounds},"strict_shape":true}`
    const { handle } = matrix
    xgboost().XGBoosterPredictFromDMatrix(this.handle, handle, config, shape, dimensions, result)
    const dims = countsAt(shape[0]!, Number(dimensions[0]))
    const length = dims.reduce((product, side) => product * side, 1)
    return { shape: dims, values: floatsAt(result[0]!, length) }
  }

  /** The model in XGBoost's format, without training state. */
  save(format: ModelFormat = 'ubj'): Uint8Array {
    const [length, bytes] = [outParam(), outParam()]
    xgboost().XGBoosterSaveModelToBuffer(this.handle, `{"format":"${format}"}`, length, bytes)
    return bytesAt(bytes[0]!, Number(length[0]))
  }

  /** The model, its parameters and the random state. Only the same version of XGBoost reads it. */
  serialize(): Uint8Array {
    const [length, bytes] = [outParam(), outParam()]
    xgboost().XGBoosterSerializeToBuffer(this.handle, length, bytes)
    return bytesAt(bytes[0]!, Number(length[0]))
  }

  /** A booster of the first `rounds` rounds. */
  slice(rounds: number): Booster {
    const out = outParam()
    xgboost().XGBoosterSlice(this.handle, 0, rounds, 1, out)
    return new Booster(out[0]!)
  }

  get rounds(): number {
    const out = new Int32Array(1)
    xgboost().XGBoosterBoostedRounds(this.handle, out)
    return out[0]!
  }

  get columns(): number {
    const out = outParam()
    xgboost().XGBoosterGetNumFeature(this.handle, out)
    return Number(out[0])
  }

  get columnNames(): string[] {
    const [length, strings] = [outParam(), outParam()]
    xgboost().XGBoosterGetStrFeatureInfo(this.handle, 'feature_name', length, strings)
    return stringsAt(strings[0]!, Number(length[0]))
  }

  setFeatureInfo(columns: readonly Column[]): void {
    for (const [field, strings] of featureInfo(columns)) {
      xgboost().XGBoosterSetStrFeatureInfo(this.handle, field, strings.pointers, columns.length)
    }
  }

  /** Feature importance by column name. Columns that no tree uses are absent. */
  importance(kind: ImportanceType): Map<string, number> {
    const [length, strings, dimensions, shape, scores] = [
      outParam(),
      outParam(),
      outParam(),
      outParam(),
      outParam(),
    ]
    const config = JSON.stringify({ importance_type: kind })
    const api = xgboost()
    api.XGBoosterFeatureScore(this.handle, config, length, strings, dimensions, shape, scores)
    const names = stringsAt(strings[0]!, Number(length[0]))
    const values = floatsAt(scores[0]!, names.length)
    return new Map(names.map((name, i) => [name, values[i]!]))
  }

  get attributes(): Map<string, string> {
    const api = xgboost()
    const [length, strings] = [outParam(), outParam()]
    api.XGBoosterGetAttrNames(this.handle, length, strings)
    const found = new Map<string, string>()
    for (const name of stringsAt(strings[0]!, Number(length[0]))) {
      const [value, success] = [outParam(), new Int32Array(1)]
      api.XGBoosterGetAttr(this.handle, name, value, success)
      if (success[0] === 1) found.set(name, stringAt(value))
    }
    return found
  }

  /** Attributes are saved with the model. null removes one. */
  setAttribute(name: string, value: string | null): void {
    xgboost().XGBoosterSetAttr(this.handle, name, value)
  }
}

/** Parses a number as C prints it, including `inf` and `nan`. */
const parseCFloat = (text: string) =>
  /inf/i.test(text) ? (text.startsWith('-') ? -Infinity : Infinity) : Number(text)
