import type { Session } from '../graph/session.js'
import {
  floatPixels,
  type ImageBatch,
  type LoadedNetwork,
  type NetworkOutput,
  type RuntimeChoice,
  serving,
} from './network.js'

/** A session on a SavedModel, which computes in the types of its graph. */
export function tensorFlowNetwork(
  session: Session,
  bytes: number,
  choice: RuntimeChoice,
): LoadedNetwork {
  return {
    ...choice,
    bytes,
    run: async batch => predict(session, batch),
    close: () => session.close(),
  }
}

/** Blocks this thread until TensorFlow has the answer. */
export function predict(session: Session, { data, shape }: ImageBatch): NetworkOutput {
  const feeds = { [serving.input]: { data: floatPixels(data), shape } }
  const result = session.run(serving.signature, feeds)
  const [logits, probabilities] = [result.floats('logits'), result.floats('probabilities')]
  return { logits, probabilities, classes: result.get('probabilities').shape[1]! }
}
