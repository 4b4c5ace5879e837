// The entry point of the process that `runDerivation` starts.
import { answerParent } from '../ipc/answer-parent.js'
import type { DatasetManifest } from '../spec/dataset.js'
import { withStorageErrors } from '../store/storage-errors.js'
import type { ConversionProgress } from './conversion-input.js'
import { type DerivationTask, derive } from './derived/derivation.js'
import type { Derived } from './derived/derived-content.js'
import { sendSometimes } from './send-progress.js'

answerParent<DerivationTask, Derived<DatasetManifest>, ConversionProgress>((task, send) =>
  withStorageErrors(() => derive(task, sendSometimes(send))),
)
