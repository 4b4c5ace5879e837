import type { BoostingModel, ModelView } from '../../spec/model.js'
import { mainMetric } from '../jobs/main-metric.js'
import { formatMetric } from '../terminal/format.js'

/** The metric that says most of how good a version is: `validationAccuracy 0.981`. */
export function mainMetricOf({ metrics }: Pick<ModelView, 'metrics'>): string {
  const name = mainMetric({ best: {}, metrics })
  return name === null ? '' : `${name} ${formatMetric(metrics[name])}`
}

export const isTrees = (model: ModelView): model is ModelView & BoostingModel =>
  model.model.kind === 'boosting'
