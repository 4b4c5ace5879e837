import { expf, logf } from './float32-math.js'

/** How an objective of XGBoost turns margins, the sums of the trees, into predictions, and back. */
export interface Link {
  /** The prediction whose margin is 0. */
  neutral: number
  /** The margin of a base score, which a model stores as a prediction. */
  toMargin(prediction: number): number
  /** Turns the margins of one row into predictions, in place. */
  predict(outputs: Float32Array, start: number, end: number): void
}

const { fround } = Math

/** XGBoost keeps the base score of `binary` this far from 0 and 1 (`kRtEps`). */
const minProbability = fround(1e-6)
const maxProbability = fround(1 - minProbability)
const maxExponent = fround(88.7)

const eachOutput = (predict: (margin: number) => number): Link['predict'] => {
  return (outputs, start, end) => {
    for (let i = start; i < end; i++) outputs[i] = predict(outputs[i]!)
  }
}

/** 1 / (1 + e^-margin) in float32. */
export function sigmoid(margin: number): number {
  const exponent = Math.min(maxExponent, -margin)
  return fround(1 / fround(expf(exponent) + 1))
}

/** In the order of XGBoost's sums: the total in float64, the quotients in float32. */
function softmax(outputs: Float32Array, start: number, end: number): void {
  let largest = outputs[start]!
  for (let i = start + 1; i < end; i++) if (outputs[i]! > largest) largest = outputs[i]!
  let total = 0
  for (let i = start; i < end; i++) {
    outputs[i] = expf(fround(outputs[i]! - largest))
    total += outputs[i]!
  }
  const divisor = fround(total)
  for (let i = start; i < end; i++) outputs[i]! /= divisor
}

/** The trees of a higher quantile may predict less than those of a lower one. */
function sortOutputs(outputs: Float32Array, start: number, end: number): void {
  if (end - start > 1) outputs.subarray(start, end).sort()
}

const identity: Link = { neutral: 0, toMargin: value => value, predict() {} }
const logarithmic: Link = { neutral: 1, toMargin: logf, predict: eachOutput(expf) }
const logistic: Link = {
  neutral: 0.5,
  toMargin(probability) {
    const inside = Math.min(Math.max(probability, minProbability), maxProbability)
    return -logf(fround(fround(1 / inside) - 1))
  },
  predict: eachOutput(sigmoid),
}

/** By XGBoost's names, of the objectives that are trained here. */
export const links: Readonly<Record<string, Link>> = {
  'reg:squarederror': identity,
  'reg:absoluteerror': identity,
  'reg:pseudohubererror': identity,
  'rank:ndcg': identity,
  'binary:logistic': logistic,
  'count:poisson': logarithmic,
  'reg:gamma': logarithmic,
  'reg:tweedie': logarithmic,
  'multi:softprob': { ...identity, predict: softmax },
  'reg:quantileerror': { ...identity, predict: sortOutputs },
}
