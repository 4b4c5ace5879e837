import {
  type BoostingMetricName,
  boostingMetrics,
  validationMetricName,
} from './boosting-metrics.js'

const networkMetrics = [
  ...['loss', 'weightedLoss', 'l2Penalty', 'accuracy', 'learningRate', 'examplesPerSecond'],
  ...['validationLoss', 'validationAccuracy', 'validationTop5Accuracy'],
]

const boostingNames = Object.keys(boostingMetrics) as BoostingMetricName[]

/** The names of all metrics that jobs measure. */
export const metricNames: readonly string[] = [
  ...networkMetrics,
  ...boostingNames,
  ...boostingNames.map(validationMetricName),
]
