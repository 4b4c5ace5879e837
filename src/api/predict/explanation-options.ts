import { quoteTruncated } from '../../errors.js'
import {
  defaultSteps,
  type ExplanationFormat,
  type ExplanationMethod,
  type ExplanationOptions,
  imageExplanationMethods,
} from '../../spec/explanation.js'
import type { ImageExplanationTask } from '../../spec/ipc-messages.js'
import { isBoostingModel, type Model, type NetworkModel } from '../../spec/model.js'
import { listNames } from '../../spec/notes.js'
import { invalidQuery, queryConflict } from '../http/http-error.js'

/** Names that an error lists. */
const maxListed = 50

/** Throws unless the model has the method, and the method each option that is given. */
export function methodOf(model: Model, options: ExplanationOptions, format: ExplanationFormat) {
  const isTrees = isBoostingModel(model)
  const known: readonly ExplanationMethod[] = isTrees ? ['shap'] : imageExplanationMethods
  const method = options.method ?? known[0]!
  if (!known.includes(method)) {
    const kind = isTrees ? 'is of boosted trees' : 'is a network'
    const message = `'${model.id}' ${kind}, which ${method} does not explain`
    throw queryConflict('method', message, `expected ${known.join(' or ')}, or leave it out`)
  }
  const optionMethods = {
    layer: 'gradCam',
    steps: 'integratedGradients',
    baseline: 'integratedGradients',
  } as const
  for (const name of ['layer', 'steps', 'baseline'] as const) {
    if (options[name] === undefined || optionMethods[name] === method) continue
    const message = `${name} is of ${optionMethods[name]}, and the method is ${method}`
    const cure = isTrees ? 'leave it out' : `leave it out, or ask for ${optionMethods[name]}`
    throw queryConflict(name, message, cure)
  }
  if (isTrees && format !== 'json') {
    const message = `'${model.id}' is of boosted trees, whose explanations are numbers by column and no picture`
    throw queryConflict('format', message, 'expected json')
  }
  return method
}

/** What the process that explains needs of the options of a request for a network. */
export function imageOptionsOf(
  model: NetworkModel,
  options: ExplanationOptions,
  format: ExplanationFormat,
): Omit<ImageExplanationTask, 'folder' | 'model' | 'input' | 'resize' | 'classes' | 'images'> {
  const { target, layer = null, steps = defaultSteps, baseline = 'black' } = options
  const method = methodOf(model, options, format)
  if (method === 'shap') throw new Error(`${model.id} is a network, which has no SHAP values`)
  return {
    method,
    target: target === undefined ? null : indexOf('class', target, model.labels, model.id),
    ...{ layer, steps, baseline },
    picture: format === 'json' ? null : format,
  }
}

/** The index of the `target`, by its label (or quantile) or else by the index itself. */
export function indexOf(
  what: 'class' | 'quantile',
  name: string,
  labels: readonly string[],
  model: string,
): number {
  const byLabel = labels.indexOf(name)
  if (byLabel >= 0) return byLabel
  if (/^\d{1,9}$/.test(name) && Number(name) < labels.length) return Number(name)
  const expected = `${listNames(labels, maxListed)}, or an index from 0 to ${labels.length - 1}`
  const message = `'${model}' has no ${what} ${quoteTruncated(name)}; it has ${listNames(labels, maxListed)}`
  throw invalidQuery('target', message, `expected ${expected}`)
}

export function unknownLayer(model: string, layer: string | null, layers: readonly string[]) {
  if (layers.length === 0) {
    const message = `'${model}' has no layer whose feature map has more than one position, so Grad-CAM can show none`
    return queryConflict('method', message, 'expected integratedGradients')
  }
  const nearest = layers.toReversed()
  const message = `'${model}' has no layer ${quoteTruncated(layer ?? '')} with a feature map; it has, the last one first, ${listNames(nearest, maxListed)}`
  const cure = `expected one of ${listNames(nearest, maxListed)}; \`layers\` in an answer in JSON has all`
  return invalidQuery('layer', message, cure)
}
