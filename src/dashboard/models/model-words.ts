import type { BoostingModel, ModelView, NetworkModel } from '../../spec/model.js'

export type NetworkView = ModelView & NetworkModel
export type BoostingView = ModelView & BoostingModel

export const isBoosting = (model: ModelView): model is BoostingView =>
  model.model.kind === 'boosting'

/** Metrics that say how good a model is, the most telling first; then whether more of it is better. */
const tellingMetrics: readonly (readonly [name: string, isMoreBetter: boolean])[] = [
  ['validationAccuracy', true],
  ['validationAuc', true],
  ['validationNdcg', true],
  ['validationRmse', false],
  ['validationMae', false],
  ['validationLogLoss', false],
  ['validationLoss', false],
  ['accuracy', true],
  ['auc', true],
  ['rmse', false],
  ['loss', false],
]

/** The metric by which versions of a model are best compared. */
export function tellingMetric({ metrics }: Pick<ModelView, 'metrics'>): string | null {
  const names = Object.keys(metrics)
  const known = tellingMetrics.find(([name]) => names.includes(name))
  return known?.[0] ?? names.find(name => name.startsWith('validation')) ?? names[0] ?? null
}

/** What kind of model it is, in words. */
export function kindText({ model }: Pick<ModelView, 'model'>): string {
  if (model.kind === 'boosting') return `boosted trees, ${model.objective}`
  if (model.kind === 'vgg') return `VGG-${model.depth}`
  return 'depth' in model && model.depth ? `ResNet-${model.depth}` : 'ResNet'
}

/** Whether predictions are classes; else they are numbers. */
export const predictsClasses = ({ model }: Pick<ModelView, 'model'>): boolean =>
  model.kind !== 'boosting' || model.objective === 'binary' || model.objective === 'multiclass'

/** The names of the classes. Trees of two classes without names call them 0 and 1. */
export const classNames = ({ model, labels }: Pick<ModelView, 'model' | 'labels'>) =>
  labels.length === 0 && model.kind === 'boosting' && model.objective === 'binary'
    ? ['0', '1']
    : labels
