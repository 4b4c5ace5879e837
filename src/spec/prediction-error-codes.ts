import type { ErrorCodeInfo } from './http-error-codes.js'

/** Codes of predictions; part of `errorCodes`. */
export const predictionErrorCodes = {
  INVALID_INSTANCES: {
    kind: 'invalid',
    when: 'instances do not fit the input of the model',
    help: 'Correct the instances in `errors`; GET /models/:id describes the input.',
  },
  IMAGE_TOO_LARGE: {
    kind: 'invalid',
    when: 'an image has more pixels than the server decodes',
    help: 'Scale the image down.',
  },
  NOT_AN_IMAGE: {
    kind: 'invalid',
    when: 'a file is no image of a format that is read',
    help: 'Send a PNG, JPEG, WebP, GIF or BMP image.',
  },
  UNDECODABLE_IMAGE: {
    kind: 'invalid',
    when: 'an image is damaged after its header',
    help: 'Save the image again.',
  },
  PREDICTOR_BUSY: {
    kind: 'unavailable',
    when: 'too many predictions wait already, or more than can be answered in time',
    help: 'Retry after the time in the Retry-After header.',
  },
  PREDICTOR_TIMEOUT: {
    kind: 'unavailable',
    when: 'a prediction takes too long',
    help: 'Send fewer instances in one request.',
  },
  PREDICTOR_RESTARTED: {
    kind: 'unavailable',
    when: 'the predictor process restarts',
    help: 'Retry after the time in the Retry-After header.',
  },
  PREDICTION_CANCELLED: {
    kind: 'conflict',
    status: 499,
    when: 'the client closes the connection before its prediction has run; only logs and metrics show it',
    help: 'Wait for the answer.',
  },
  PREDICTION_CRASHES: {
    kind: 'unavailable',
    status: 500,
    when: 'the predictor process ended twice while it ran this request',
    help: 'Do not send it again. Report it, with the images.',
  },
  NOT_EXPLAINABLE: {
    kind: 'conflict',
    when: 'the weights of the version do not fit the network that explains it, or it predicts numbers that are not finite',
    help: 'Train the model again, with a smaller learning rate if its numbers are not finite.',
  },
} as const satisfies Record<string, ErrorCodeInfo>
