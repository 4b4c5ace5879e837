import { FieldErrors } from '../../../errors.js'
import type { ImageSplit, ImagesManifest } from '../../../spec/dataset.js'
import { pooledMoments } from '../../../spec/dataset-part.js'
import type { DatasetStep } from '../../../spec/dataset-steps.js'
import { Notes } from '../../../spec/notes.js'
import type { ReportProgress } from '../../conversion-input.js'
import { datasetIdOf } from '../../dataset-id.js'
import { noteEmptyClasses } from '../../images/intake/class-notes.js'
import type { DerivedImages } from '../derived-content.js'
import type { SourceDataset } from '../source-dataset.js'
import { StepErrors } from '../step-errors.js'
import { noteLeftOut } from '../step-notes.js'
import { writeDerivedIndex } from './derived-index.js'
import { openImageFacts } from './image-facts.js'
import { groupImages } from './image-groups.js'
import { countKept, type ImageSelection, selectAll } from './image-selection.js'
import { doImageStep } from './image-steps.js'
import { planShards } from './shard-plan.js'
import { writeImages } from './write-images.js'

interface ImageDerivation {
  source: SourceDataset<ImagesManifest>
  steps: readonly DatasetStep[]
  /** The data set that a step names by its id. */
  find(id: string): SourceDataset | null
  /** The folder that gets `shards/`. */
  folder: string
  report: ReportProgress
}

/** Does the steps one after the other, then writes the images. Throws INVALID_STEPS. */
export async function deriveImages(derivation: ImageDerivation): Promise<DerivedImages> {
  const { source, steps, folder, report } = derivation
  const { manifest } = source
  const notes = new Notes()
  const facts = await openImageFacts(source, steps, report)
  const { labels: oldLabels } = facts
  let selection = selectAll(manifest, oldLabels)
  for (const [index, step] of steps.entries()) {
    const fieldErrors = new FieldErrors()
    const errors = new StepErrors(fieldErrors, index)
    const before = countKept(selection)
    const labelled = { ...facts, labelsOf: facts.labelReader(derivation.find, errors) }
    selection = doImageStep(step, selection, labelled, errors, notes)
    errors.throwIfAny()
    const after = countKept(selection)
    if (after === 0) errors.add('', 'too_small', `${step.kind} leaves none of ${before} images`)
    errors.throwIfAny()
    noteLeftOut(index, step, before - after, before, 'image', notes)
  }
  if (isUnchanged(manifest, oldLabels, selection)) return unchanged(manifest)
  const groups = groupImages(manifest, selection)
  const classCounts = selection.classNames.map((_, label) =>
    groups.reduce((sum, group) => sum + group.classCounts[label]!, 0),
  )
  noteEmptyClasses(notes, selection.classNames, classCounts)
  const planned = planShards(manifest.shards, oldLabels, selection)
  const written = await writeImages({
    source,
    oldLabels,
    selection,
    planned,
    groups,
    folder,
    report,
  })
  const splits = selection.splitNames.map(
    (name, split): ImageSplit => ({
      name,
      records: groups[split]!.records,
      classCounts: groups[split]!.classCounts,
      ...written.moments[split]!,
    }),
  )
  const records = countKept(selection)
  const index = await writeDerivedIndex(source, selection, written.places, folder)
  const { kind, height, width, channels, encoding, resize, formats, sizes } = manifest
  const content = {
    ...{ kind, height, width, channels, encoding, records },
    labels: selection.classNames,
    classCounts,
    ...wholeMoments(manifest, records, splits, written.moments),
    ...(resize && { resize }),
    ...(splits.length > 0 && { splits }),
    shards: written.shards,
  }
  const more = {
    // counted of all images
    ...(records === manifest.records && formats && { formats }),
    ...(records === manifest.records && sizes && { sizes }),
    ...(index && { index: index.shard }),
  }
  // the shards do not tell them
  const fields = index?.fieldsHash ? [index.fieldsHash] : []
  return {
    content: { id: datasetIdOf([3, content, ...fields]), ...content, ...more, notes: notes.all },
    shared: written.shared,
  }
}

/** Those of the source if all images are kept. */
function wholeMoments(
  { records: all, mean, std }: ImagesManifest,
  records: number,
  splits: readonly ImageSplit[],
  moments: readonly Pick<ImageSplit, 'mean' | 'std'>[],
): Pick<ImageSplit, 'mean' | 'std'> {
  if (records === all) return { mean, std }
  return splits.length === 0 ? moments[0]! : pooledMoments(splits)
}

function isUnchanged(
  manifest: ImagesManifest,
  oldLabels: Int32Array,
  { labels, splits, classNames, splitNames }: ImageSelection,
): boolean {
  const old = selectAll(manifest, oldLabels)
  return (
    sameList(old.classNames, classNames) &&
    sameList(old.splitNames, splitNames) &&
    sameList(old.labels, labels) &&
    sameList(old.splits, splits)
  )
}

const sameList = <T>(a: ArrayLike<T>, b: ArrayLike<T>): boolean => {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The steps change nothing: the derived data set is its source. */
function unchanged({ name: _, createdAt: __, derivedFrom: ___, ...content }: ImagesManifest) {
  const files = [...content.shards, ...(content.index ? [content.index] : [])]
  return { content, shared: files.map(({ name }) => ({ from: name, to: name })) }
}
