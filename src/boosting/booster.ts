import {
  bytesAt,
  cell,
  countsAt,
  floatsAt,
  type Handle,
  Texts,
  textAt,
  textsAt,
  xgboost,
} from './capi.js'
import { columnTexts } from './feature-info.js'
import type { Matrix } from './matrix.js'
import { Owned } from './native-handle.js'
import type { Column } from './training-table.js'

/** XGBoost's numbers. Contributions are SHAP values, with the bias behind the last column's. */
const predictionTypes = { value: 0, margin: 1, contributions: 2, leaf: 6 } as const
export type PredictionKind = keyof typeof predictionTypes

/**
 * `value` and `margin`: [rows, outputs]; `contributions`: [rows, outputs, columns + 1];
 * `leaf`: [rows, rounds, outputs, 1], the leaves' numbers.
 */
export interface Prediction {
  shape: readonly number[]
  values: Float32Array
}

/** How much a column gave: the mean loss its splits saved, how many there are, the mean rows under them. */
export type Importance = 'gain' | 'weight' | 'cover' | 'total_gain' | 'total_cover'
export type ModelFormat = 'ubj' | 'json'

export class Booster extends Owned {
  private constructor(handle: Handle) {
    super(handle, h => xgboost().XGBoosterFree(h))
  }

  /** `matrices`: what it will be trained and evaluated on; it keeps their margins from round to round. */
  static create(matrices: readonly Matrix[] = []): Booster {
    const out = cell()
    const handles = BigUint64Array.from(matrices, matrix => matrix.handle)
    xgboost().XGBoosterCreate(matrices.length === 0 ? null : handles, matrices.length, out)
    return new Booster(out[0]!)
  }

  /**
   * A model that `save` made, or any XGBoost: for predicting. XGBoost's own default is a thread for
   * each core, which wait for each other even where there is little to do: slow on a busy machine.
   */
  static load(model: Uint8Array, threads = 1): Booster {
    const booster = Booster.create()
    return booster.#filled(h => {
      booster.set({ nthread: threads })
      xgboost().XGBoosterLoadModelFromBuffer(h, model, model.length)
    })
  }

  /** What `serialise` made: for going on. */
  static unserialise(bytes: Uint8Array, matrices: readonly Matrix[] = []): Booster {
    return Booster.create(matrices).#filled(h =>
      xgboost().XGBoosterUnserializeFromBuffer(h, bytes, bytes.length),
    )
  }

  #filled(fill: (handle: Handle) => void): this {
    try {
      fill(this.handle)
    } catch (error) {
      this.free()
      throw error
    }
    return this
  }

  /** By XGBoost's names; a list gives a parameter several times. */
  set(parameters: Readonly<Record<string, string | number | readonly string[]>>): void {
    const api = xgboost()
    for (const [name, value] of Object.entries(parameters)) {
      for (const one of typeof value === 'object' ? value : [value]) {
        api.XGBoosterSetParam(this.handle, name, String(one))
      }
    }
  }

  /** Adds the round's trees; rounds count from 0. */
  update(round: number, training: Matrix): void {
    xgboost().XGBoosterUpdateOneIter(this.handle, round, training.handle)
  }

  /** The values of the metrics in the order in which they were set, for each matrix. */
  evaluate(round: number, matrices: readonly Matrix[]): number[][] {
    const out = cell()
    const names = new Texts(matrices.map((_, i) => `${i}`))
    const handles = BigUint64Array.from(matrices, matrix => matrix.handle)
    const { length } = matrices
    xgboost().XGBoosterEvalOneIter(this.handle, round, handles, names.pointers, length, out)
    const values = matrices.map((): number[] => [])
    // [round] \t 0-rmse:0.5 \t 1-rmse:0.6
    for (const part of textAt(out).split('\t').slice(1)) {
      values[Number.parseInt(part, 10)]!.push(cNumber(part.slice(part.lastIndexOf(':') + 1)))
    }
    return values
  }

  /** `rounds`: the first so many, all if absent. */
  predict(matrix: Matrix, kind: PredictionKind = 'value', rounds = 0): Prediction {
    const [shape, dimensions, result] = [cell(), cell(), cell()]
    const config = `{"type":${predictionTypes[kind]},"training":false,"iteration_begin":0,"iteration_end":${rounds},"strict_shape":true}`
    const { handle } = matrix
    xgboost().XGBoosterPredictFromDMatrix(this.handle, handle, config, shape, dimensions, result)
    const sides = countsAt(shape[0]!, Number(dimensions[0]))
    const length = sides.reduce((product, side) => product * side, 1)
    return { shape: sides, values: floatsAt(result[0]!, length) }
  }

  /** The model alone, as every XGBoost reads it. */
  save(format: ModelFormat = 'ubj'): Uint8Array {
    const [length, bytes] = [cell(), cell()]
    xgboost().XGBoosterSaveModelToBuffer(this.handle, `{"format":"${format}"}`, length, bytes)
    return bytesAt(bytes[0]!, Number(length[0]))
  }

  /** Model, parameters and random state, for the same version of XGBoost. */
  serialise(): Uint8Array {
    const [length, bytes] = [cell(), cell()]
    xgboost().XGBoosterSerializeToBuffer(this.handle, length, bytes)
    return bytesAt(bytes[0]!, Number(length[0]))
  }

  /** A booster of the first `rounds` rounds. */
  slice(rounds: number): Booster {
    const out = cell()
    xgboost().XGBoosterSlice(this.handle, 0, rounds, 1, out)
    return new Booster(out[0]!)
  }

  get rounds(): number {
    const out = new Int32Array(1)
    xgboost().XGBoosterBoostedRounds(this.handle, out)
    return out[0]!
  }

  get columns(): number {
    const out = cell()
    xgboost().XGBoosterGetNumFeature(this.handle, out)
    return Number(out[0])
  }

  get columnNames(): string[] {
    const [length, texts] = [cell(), cell()]
    xgboost().XGBoosterGetStrFeatureInfo(this.handle, 'feature_name', length, texts)
    return textsAt(texts[0]!, Number(length[0]))
  }

  describe(columns: readonly Column[]): void {
    for (const [field, texts] of columnTexts(columns)) {
      xgboost().XGBoosterSetStrFeatureInfo(this.handle, field, texts.pointers, columns.length)
    }
  }

  /** By name of the column; one that no tree asks for has none. */
  importance(kind: Importance): Map<string, number> {
    const [length, texts, dimensions, shape, scores] = [cell(), cell(), cell(), cell(), cell()]
    const config = JSON.stringify({ importance_type: kind })
    const api = xgboost()
    api.XGBoosterFeatureScore(this.handle, config, length, texts, dimensions, shape, scores)
    const names = textsAt(texts[0]!, Number(length[0]))
    const values = floatsAt(scores[0]!, names.length)
    return new Map(names.map((name, i) => [name, values[i]!]))
  }

  get attributes(): Map<string, string> {
    const api = xgboost()
    const [length, texts] = [cell(), cell()]
    api.XGBoosterGetAttrNames(this.handle, length, texts)
    const found = new Map<string, string>()
    for (const name of textsAt(texts[0]!, Number(length[0]))) {
      const [value, success] = [cell(), new Int32Array(1)]
      api.XGBoosterGetAttr(this.handle, name, value, success)
      if (success[0] === 1) found.set(name, textAt(value))
    }
    return found
  }

  /** Travels with the model; null takes it away. */
  setAttribute(name: string, value: string | null): void {
    xgboost().XGBoosterSetAttr(this.handle, name, value)
  }
}

/** C writes `inf` and `nan`. */
const cNumber = (said: string) =>
  /inf/i.test(said) ? (said.startsWith('-') ? -Infinity : Infinity) : Number(said)
