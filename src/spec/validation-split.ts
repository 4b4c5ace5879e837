import { type Static, type TSchema, Type } from 'typebox'
import { ColumnName } from './feature-column.js'
import { Name } from './identifiers.js'
import { SplitName } from './split-name.js'
import { strictObject } from './strict-object.js'

const share = { maximum: 0.5, description: 'share of the data set to hold out for validation' }
const Share = Type.Number({ minimum: 0, ...share })
const holdOut = Type.Number({ exclusiveMinimum: 0, ...share })

const SplitOption = strictObject(
  { split: SplitName },
  { description: 'a split of the data set to validate on' },
)

const OtherDataset = strictObject(
  {
    dataset: Name,
    split: Type.Optional({
      ...SplitName,
      description: 'the split of it to validate on; if absent, all of it',
    }),
  },
  { description: 'another data set to validate on' },
)

/** A share, `holdOut` with options, a split, or another data set. */
const validationOf = <T extends TSchema>(holdOutOptions: T) =>
  Type.Union([Share, holdOutOptions, SplitOption, OtherDataset], {
    default: 0.1,
    description:
      'if absent: the split val, if the data set has one; otherwise a share of what is trained on',
  })

/** Which splits of its data set a job trains on. */
export const TrainingSplits = Type.Union(
  [SplitName, Type.Array(SplitName, { minItems: 1, maxItems: 32, uniqueItems: true })],
  {
    description:
      'the split of the data set to train on, or several; if absent: train, or without one all but val and test. A data set without splits is used as a whole',
  },
)
export type TrainingSplits = Static<typeof TrainingSplits>

/** What to validate on that is not held out of the training data; the second one's `dataset` is an id in a plan. */
export type OtherValidation = { split: string } | { dataset: string; split?: string }

/** How the held-out images are chosen. The records of a data set are shuffled already. */
const imageSplits = ['random', 'class'] as const
export type ImageSplit = (typeof imageSplits)[number]

/** What a network validates on. */
export const ImageValidation = validationOf(
  strictObject({
    holdOut,
    by: Type.Optional(
      Type.Enum([...imageSplits], {
        description: 'class: the same share of the images of each class; if absent, random',
      }),
    ),
  }),
)
export type ImageValidation = Static<typeof ImageValidation>

/** How the held-out rows of a table are chosen. */
const tableSplits = ['random', 'class', 'group', 'time'] as const
export type TableSplit = (typeof tableSplits)[number]

/** What boosting validates on. */
export const TableValidation = validationOf(
  strictObject({
    holdOut,
    by: Type.Optional(
      Type.Enum([...tableSplits], {
        description:
          'class: the same share of the rows of each class; group: all rows with the same value in column are held out, or none; time: the rows with the largest values in column are held out, or without a column the last rows of the table',
      }),
    ),
    column: Type.Optional({
      ...ColumnName,
      description: 'required with by group; with by time, if absent, the order of the rows',
    }),
  }),
)
export type TableValidation = Static<typeof TableValidation>

/** Part of a network's plan: the number of images to hold out, a split, or the id of another data set. */
export type ImageSplitPlan =
  /** Without `by`, as in old jobs, the last records are held out. */
  { holdOut: number; by?: ImageSplit } | OtherValidation

/**
 * Part of a boosting job's plan: the share of the rows to hold out (for a ranking: of the groups), a
 * split, or the id of another data set.
 */
export type TableSplitPlan =
  /** Without `by`, as in old jobs: random. `column` is null where `by` needs none. */
  { fraction: number; by?: TableSplit; column?: string | null } | OtherValidation
