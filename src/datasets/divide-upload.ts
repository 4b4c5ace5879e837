import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { FieldErrors } from '../errors.js'
import type { DatasetManifest } from '../spec/dataset.js'
import type { SplitStep } from '../spec/dataset-steps.js'
import type { ReportProgress } from './conversion-input.js'
import { derive } from './derived/derivation.js'
import { splitProblems } from './derived/splits-field.js'
import { addFormError } from './errors.js'
import type { ConversionResult } from './kind-converter.js'
import type { DatasetLimits } from './limits.js'

/**
 * Divides what was converted into splits, into the folder `target`. Throws DATASET_FORM if that is not possible. The
 * files of what was converted may be moved.
 */
export async function divideUpload(
  content: ConversionResult,
  splits: SplitStep,
  { folder, limits, report }: { folder: string; limits: DatasetLimits; report: ReportProgress },
  target: string,
): Promise<ConversionResult> {
  const facts = { name: 'upload', createdAt: '' }
  const manifest: DatasetManifest =
    content.kind === 'images' ? { ...content, ...facts } : { ...content, ...facts }
  const source = { manifest, folder }
  const task = { source, steps: [splits], others: [], folder: target, limits }
  const derived = await derive(task, report).catch(error => {
    const problems = splitProblems(error)
    if (!problems) throw error
    const errors = new FieldErrors()
    for (const problem of problems) addFormError(errors, 'splits', `: ${problem}`)
    return errors.throwIfAny('DATASET_FORM')
  })
  if (!derived) throw new Error('the splits were refused without a reason')
  for (const { from, to } of derived.shared) renameSync(join(folder, from), join(target, to))
  const notes = [...(content.notes ?? []), ...(derived.content.notes ?? [])]
  const { skipped } = content
  const result = derived.content
  return result.kind === 'images'
    ? { ...result, notes, ...(skipped && { skipped }) }
    : { ...result, notes, ...(skipped && { skipped }) }
}
