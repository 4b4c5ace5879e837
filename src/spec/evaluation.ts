import { type Static, Type } from 'typebox'
import { nullable } from './nullable.js'

/** Above this number of classes, an evaluation has no confusion matrix. */
export const maxConfusionClasses = 100

/** Above this number of classes, an evaluation counts the records whose class is among as many most probable. */
export const topClasses = 5

const Share = Type.Number({ minimum: 0, maximum: 1 })

export const ClassEvaluation = Type.Object({
  label: Type.String(),
  records: Type.Integer({ description: 'validation records of this class' }),
  recall: nullable(
    Share,
    'share of its records that are predicted as this class, which is its accuracy; null without records',
  ),
  precision: nullable(
    Share,
    'share of the records predicted as this class that belong to it; null if there are none',
  ),
})
export type ClassEvaluation = Static<typeof ClassEvaluation>

const threshold = Type.Number({
  description: 'a record counts as the positive class if its probability is at least this',
})

export const RocPoint = Type.Object({
  threshold,
  falsePositiveRate: Share,
  truePositiveRate: Share,
})

export const PrecisionRecallPoint = Type.Object({ threshold, recall: Share, precision: Share })

const curvePoints = 'from the highest threshold to the lowest; at most 100 points of the curve'

/**
 * How a classifier's model does on its validation records, by class. Each record counts once, also if
 * the job weights records or classes.
 */
export const Evaluation = Type.Object({
  records: Type.Integer({ description: 'validation records' }),
  accuracy: Type.Number({ description: 'share of the records that are predicted right' }),
  top5Accuracy: Type.Optional(
    Type.Number({
      description:
        'share of the records whose class is among the five most probable; only with more than five classes',
    }),
  ),
  confusionMatrix: Type.Optional(
    Type.Array(Type.Array(Type.Integer()), {
      description: `numbers of records: a row for each true class, a column for each predicted one, in the order of labels. Absent above ${maxConfusionClasses} classes`,
    }),
  ),
  perClass: Type.Array(ClassEvaluation, { description: 'in the order of labels' }),
  roc: Type.Optional(
    Type.Object(
      {
        auc: Type.Number({ description: 'area under the curve, of all its points' }),
        points: Type.Array(RocPoint, { description: curvePoints }),
      },
      {
        description:
          'receiver operating characteristic; the second label is the positive class. Only for two classes that both have records',
      },
    ),
  ),
  pr: Type.Optional(
    Type.Object(
      {
        averagePrecision: Type.Number({
          description: 'mean of the precisions, weighted by the growth of recall, of all points',
        }),
        points: Type.Array(PrecisionRecallPoint, { description: curvePoints }),
      },
      { description: 'precision and recall; present if roc is' },
    ),
  ),
})
export type Evaluation = Static<typeof Evaluation>
