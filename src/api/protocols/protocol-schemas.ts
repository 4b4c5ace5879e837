import { Type } from 'typebox'
import type { ErrorCode } from '../../spec/error-codes.js'
import { Name } from '../../spec/identifiers.js'
import type { Limits } from '../http/limits.js'
import { skipBodyValidation } from '../http/validation.js'

export const ById = Type.Object({ id: Name })

const text = '^[^/:]{1,64}$'

/** Any text, so that one that is neither is answered like one that does not exist. */
const Version = Type.String({
  pattern: text,
  description: 'the number of a version, or an alias',
})
export const ByVersion = Type.Object({ id: Name, version: Version })

const Label = Type.String({ pattern: text, description: 'an alias' })
export const ByLabel = Type.Object({ id: Name, label: Label })

export const selectorProblems = ['MODEL_NOT_FOUND', 'ALIAS_NOT_FOUND'] as const

export const predictionProblems = [
  ...selectorProblems,
  'INVALID_INSTANCES',
  'IMAGE_TOO_LARGE',
  'NOT_AN_IMAGE',
  'UNDECODABLE_IMAGE',
  'PREDICTOR_BUSY',
  'PREDICTOR_TIMEOUT',
  'PREDICTOR_RESTARTED',
  'PREDICTION_CRASHES',
] as const satisfies ErrorCode[]

/** Options of a route that reads its body itself. */
export const readsBody = (limits: Limits) => ({
  validatorCompiler: skipBodyValidation,
  bodyLimit: limits.imageBytes,
  config: { heldBytes: () => limits.imageBytes },
})
