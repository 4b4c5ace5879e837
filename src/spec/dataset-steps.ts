import { type Static, Type } from 'typebox'
import { ColumnName } from './feature-column.js'
import { DatasetId, Name } from './identifiers.js'
import { SplitName } from './split-name.js'
import { strictObject } from './strict-object.js'

const ClassName = Type.String({ minLength: 1, maxLength: 200 })

const seed = Type.Optional(
  Type.Integer({
    minimum: 0,
    maximum: 2_147_483_647,
    default: 1,
    description: 'of what is random',
  }),
)

const Share = Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 })

export const FilterStep = strictObject(
  {
    kind: Type.Enum(['filter']),
    classes: Type.Optional(
      Type.Array(ClassName, {
        minItems: 1,
        maxItems: 10_000,
        uniqueItems: true,
        description: 'of images: the classes to keep; the others are dropped',
      }),
    ),
    splits: Type.Optional(
      Type.Array(SplitName, {
        minItems: 1,
        maxItems: 32,
        uniqueItems: true,
        description: 'the splits to keep; the others are dropped',
      }),
    ),
    where: Type.Optional(
      Type.Array(Type.String({ minLength: 3, maxLength: 2000 }), {
        minItems: 1,
        maxItems: 32,
        description:
          'conditions that all must hold, such as price>100 or kind=rose; operators are = != < <= > >= and ^= (begins with). Images have height, width, label and source',
      }),
    ),
  },
  { description: 'keeps the images or rows for which all conditions hold' },
)
export type FilterStep = Static<typeof FilterStep>

export const SampleStep = strictObject(
  {
    kind: Type.Enum(['sample']),
    records: Type.Optional(Type.Integer({ minimum: 1, description: 'how many to keep' })),
    share: Type.Optional({ ...Share, description: 'which share to keep, instead of records' }),
    by: Type.Optional(
      Type.Enum(['random', 'class'], {
        default: 'random',
        description: 'class: the same share of each class',
      }),
    ),
    column: Type.Optional({
      ...ColumnName,
      description: 'by class: the column of a table; if absent, its target',
    }),
    seed,
  },
  { description: 'keeps some images or rows at random, in their order' },
)
export type SampleStep = Static<typeof SampleStep>

export const splitKinds = ['random', 'class', 'group', 'time'] as const
export type SplitKind = (typeof splitKinds)[number]

export const SplitStep = strictObject(
  {
    kind: Type.Enum(['split']),
    shares: Type.Record(SplitName, Share, {
      minProperties: 1,
      maxProperties: 16,
      description: 'the share of each split, such as {"val":0.1,"test":0.1}; the rest is train',
    }),
    by: Type.Optional(
      Type.Enum([...splitKinds], {
        description:
          'class: the same share of each class; group: images or rows with the same value in column stay together; time: those with the largest values in column are the last split, or without column the last rows. If absent: class if there are classes, otherwise random',
      }),
    ),
    column: Type.Optional({
      ...ColumnName,
      description:
        'required with by group, and of images with by time; of a table with by class, if absent, the target. Of images: what the upload says of each beside its label, such as patient in a CSV with file,label,patient',
    }),
    seed,
  },
  {
    description:
      'divides all images or rows anew into named splits. Equal images stay in one of them, unless by group or time. Splits that exist are dissolved',
  },
)
export type SplitStep = Static<typeof SplitStep>

export const RelabelStep = strictObject(
  {
    kind: Type.Enum(['relabel']),
    classes: Type.Record(ClassName, Type.Union([ClassName, Type.Null()]), {
      minProperties: 1,
      maxProperties: 10_000,
      description:
        'the new name of some classes; equal names merge classes, null drops the images of a class',
    }),
  },
  { description: 'renames, merges or drops classes of images' },
)
export type RelabelStep = Static<typeof RelabelStep>

export const LabelStep = strictObject(
  {
    kind: Type.Enum(['label']),
    labels: Type.Optional(
      Type.Record(Type.String({ minLength: 1, maxLength: 1000 }), ClassName, {
        minProperties: 1,
        maxProperties: 10_000,
        description: 'the class of images by their path in the upload, or the end of it',
      }),
    ),
    dataset: Type.Optional({
      ...Name,
      description: 'instead of labels: a table whose columns of categories have them',
    }),
    source: Type.Optional({
      ...ColumnName,
      description: 'the column with the paths; if absent, file',
    }),
    label: Type.Optional({
      ...ColumnName,
      description: 'the column with the classes; if absent, label',
    }),
    others: Type.Optional(
      Type.Enum(['keep', 'drop', 'refuse'], {
        default: 'refuse',
        description: 'what happens to images for which no label is given',
      }),
    ),
  },
  { description: 'gives images classes by their path in the upload' },
)
export type LabelStep = Static<typeof LabelStep>

export const DropDuplicatesStep = strictObject(
  { kind: Type.Enum(['dropDuplicates']) },
  {
    description:
      'keeps the first of equal images or rows, in train if there is one there; images of different classes count as equal, too',
  },
)
export type DropDuplicatesStep = Static<typeof DropDuplicatesStep>

const ColumnList = Type.Array(ColumnName, { minItems: 1, maxItems: 10_000, uniqueItems: true })

export const SelectStep = strictObject(
  { kind: Type.Enum(['select']), columns: ColumnList },
  { description: 'keeps these columns of a table, in this order' },
)
export type SelectStep = Static<typeof SelectStep>

export const DropStep = strictObject(
  { kind: Type.Enum(['drop']), columns: ColumnList },
  { description: 'drops columns of a table' },
)
export type DropStep = Static<typeof DropStep>

export const RenameStep = strictObject(
  {
    kind: Type.Enum(['rename']),
    columns: Type.Record(ColumnName, ColumnName, {
      minProperties: 1,
      maxProperties: 10_000,
      description: 'new names by old ones',
    }),
  },
  { description: 'renames columns of a table' },
)
export type RenameStep = Static<typeof RenameStep>

export const CastStep = strictObject(
  {
    kind: Type.Enum(['cast']),
    columns: Type.Record(ColumnName, Type.Enum(['number', 'integer', 'boolean', 'category']), {
      minProperties: 1,
      maxProperties: 10_000,
      description: 'new types by column',
    }),
  },
  { description: 'changes types of columns; a value that does not fit is an error' },
)
export type CastStep = Static<typeof CastStep>

export const JoinStep = strictObject(
  {
    kind: Type.Enum(['join']),
    dataset: { ...Name, description: 'the table whose columns are added' },
    on: { ...ColumnName, description: 'the column of the keys' },
    otherOn: Type.Optional({
      ...ColumnName,
      description: 'its name in the other table; if absent, the same',
    }),
    columns: Type.Optional({
      ...ColumnList,
      description: 'the columns to add; if absent, all but the key',
    }),
  },
  {
    description:
      'adds columns of another table by a key (a left join): each row gets the values of the one row there that has its key, or none',
  },
)
export type JoinStep = Static<typeof JoinStep>

/** What a step does, by its `kind`. */
export const datasetSteps = {
  filter: FilterStep,
  sample: SampleStep,
  split: SplitStep,
  relabel: RelabelStep,
  label: LabelStep,
  dropDuplicates: DropDuplicatesStep,
  select: SelectStep,
  drop: DropStep,
  rename: RenameStep,
  cast: CastStep,
  join: JoinStep,
}

export const DatasetStep = Type.Union([
  FilterStep,
  SampleStep,
  SplitStep,
  RelabelStep,
  LabelStep,
  DropDuplicatesStep,
  SelectStep,
  DropStep,
  RenameStep,
  CastStep,
  JoinStep,
])
export type DatasetStep = Static<typeof DatasetStep>

export const DeriveRequest = strictObject({
  name: Type.Optional(Name),
  steps: Type.Array(DatasetStep, {
    minItems: 1,
    maxItems: 50,
    description: 'done one after the other',
  }),
})
export type DeriveRequest = Static<typeof DeriveRequest>

/** What a derived data set was made of. Data sets in steps are named by their ids, so that it can be made again. */
export const Derivation = Type.Object({
  dataset: DatasetId,
  steps: Type.Array(DatasetStep),
})
export type Derivation = Static<typeof Derivation>
