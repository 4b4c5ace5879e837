import type { Static } from 'typebox'
import type { Name } from './identifiers.js'

/** Which version of a model a client asks for; by default the one that the bare name serves. */
export interface ModelSelector {
  name: Static<typeof Name>
  version?: number | undefined
}
