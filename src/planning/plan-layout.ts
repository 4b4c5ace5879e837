import type { FieldErrors } from '../errors.js'
import type { NetworkOptions, NetworkRequest } from '../spec/model-options.js'
import type { Notes } from '../spec/notes.js'
import type { InitialSource } from './init-source.js'

/**
 * Weights of one layout match the other by name and shape, and mean something else there. So a layout that
 * is not that of the weights is refused, or noted if the layout of the weights is only inferred.
 */
export function checkLayout(
  request: NetworkRequest,
  model: NetworkOptions,
  { source, description, layout }: InitialSource,
  errors: FieldErrors,
  notes: Notes,
): void {
  if (layout === null || !('layout' in model)) return
  const requested = 'layout' in request ? request.layout : undefined
  if (model.layout !== layout) {
    const message = `${description} have the layout '${layout}', and compute something else in the layout '${model.layout}': leave model.layout out`
    if ('weights' in source) notes.add('layout_of_others', message)
    else errors.add('/model/layout', 'contradiction', message)
  } else if (requested === undefined && layout === 'tf-slim' && 'weights' in source) {
    const message = `${description} have the names of TF-Slim's ResNet v1, so model.layout is 'tf-slim'; give 'torchvision' if they were trained in that layout`
    notes.add('layout_from_weights', message)
  }
}
