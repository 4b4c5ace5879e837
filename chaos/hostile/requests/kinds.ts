import { encodingKind, jsonKind, predictKind, promisedSizeKind, sizeKind } from './bodies.js'
import {
  abortKind,
  halfCloseKind,
  keepAliveKind,
  pipelineKind,
  plainKind,
  slowKind,
} from './leaving.js'
import { headerKind, methodKind, pathKind, queryKind } from './lines.js'
import { shapeKind } from './shapes.js'
import type { RequestKind } from './target.js'
import { formKind, uploadKind } from './uploads.js'

/** All kinds of hostile requests. To add one, add a line. */
export const requestKinds: readonly RequestKind[] = [
  plainKind,
  shapeKind,
  abortKind,
  halfCloseKind,
  pipelineKind,
  keepAliveKind,
  slowKind,
  sizeKind,
  promisedSizeKind,
  jsonKind,
  encodingKind,
  predictKind,
  methodKind,
  queryKind,
  pathKind,
  headerKind,
  formKind,
  uploadKind,
]
