import type { BoostingModel, ModelView, NetworkModel } from '../../spec/model.js'

export type NetworkView = ModelView & NetworkModel
export type BoostingView = ModelView & BoostingModel

export const isBoosting = (model: ModelView): model is BoostingView =>
  model.model.kind === 'boosting'

/** Metrics that say how good a model is, the most telling first. */
const tellingMetrics = [
  ...['validationAccuracy', 'validationAuc', 'validationNdcg', 'validationRmse'],
  ...['validationLogloss', 'validationMlogloss', 'validationMae', 'validationLoss'],
  ...['accuracy', 'auc', 'ndcg', 'rmse', 'loss'],
]

/** Whether a larger value of a metric is a better one; it is of shares, and is not of losses and errors. */
export const isMoreBetter = (metric: string): boolean =>
  /(accuracy|auc|ndcg|map|precision|recall)$/i.test(metric)

/** The metric by which versions of a model are best compared. */
export function tellingMetric({ metrics }: Pick<ModelView, 'metrics'>): string | null {
  const names = Object.keys(metrics)
  const known = tellingMetrics.find(name => names.includes(name))
  return known ?? names.find(name => name.startsWith('validation')) ?? names[0] ?? null
}

/** What kind of model it is, in words. */
export function kindText({ model }: Pick<ModelView, 'model'>): string {
  if (model.kind === 'boosting') return `boosted trees, ${model.objective}`
  if (model.kind === 'vgg') return `VGG-${model.depth}`
  return 'depth' in model && model.depth ? `ResNet-${model.depth}` : 'ResNet'
}

/** The names of the classes. Trees of two classes without names call them 0 and 1. */
export const classNames = ({ model, labels }: Pick<ModelView, 'model' | 'labels'>) =>
  labels.length === 0 && model.kind === 'boosting' && model.objective === 'binary'
    ? ['0', '1']
    : labels
