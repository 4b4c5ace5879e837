import type { RepositoryParts } from '../protocols/model-repository.js'
import type { InputLimits } from '../protocols/served-input.js'

/** What the gRPC services answer from. */
export interface ServingParts extends RepositoryParts {
  /** Of this server. */
  version: string
  limits: InputLimits & { instances: number }
  /** Whether predictions are answered now. */
  ready(): Promise<boolean>
}
