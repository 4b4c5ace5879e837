import { formatCount } from '../../../presentation/units.js'
import type { Evaluation } from '../../../spec/evaluation.js'
import type { Job } from '../../../spec/job.js'
import type { ModelView } from '../../../spec/model.js'
import { place, setQuery } from '../../place.js'
import { useResource } from '../../server/resource.js'
import { client } from '../../server/session.js'
import { Select } from '../../ui/field.js'
import { formatMetric, formatPercent } from '../../ui/format.js'
import { Loaded } from '../../ui/load.js'
import { Card, Empty, Facts } from '../../ui/parts.js'
import { useCheckpoints } from '../checkpoints-tab.js'
import { type JobTabProps, stepWord } from '../use-job.js'
import { ClassTable } from './class-table.js'
import { ConfusionMatrix } from './confusion-matrix.js'
import { FeatureImportance } from './feature-importance.js'
import { NumericEvaluation } from './numeric-evaluation.js'
import { PrecisionRecallChart, RocChart } from './threshold-charts.js'

interface Evaluated {
  /** In the address. */
  name: string
  text: string
  evaluation: Evaluation
}

/** How well the model of a job does, class by class; while it trains, its checkpoints. */
export function EvaluationTab({ job }: JobTabProps) {
  const published = job.result?.model
  const model = useResource<ModelView | null>(
    async () =>
      published
        ? await client.models.get(published.id, { version: String(published.version) })
        : null,
    [published?.id, published?.version],
  )
  const checkpoints = useCheckpoints(job)
  return (
    <Loaded of={model} label="the evaluation">
      {view => (
        <div class="stack">
          <ByClass
            job={job}
            choices={choicesOf(job, view, checkpoints.data?.items ?? [])}
            isNumeric={job.status === 'succeeded' && view !== null && !view.evaluation}
          />
          {view && 'featureImportance' in view && view.featureImportance.length > 0 && (
            <FeatureImportance columns={view.featureImportance} />
          )}
        </div>
      )}
    </Loaded>
  )
}

function choicesOf(
  job: Job,
  model: ModelView | null,
  checkpoints: readonly { step: number; best: boolean; evaluation: Evaluation | null }[],
): Evaluated[] {
  const found: Evaluated[] = []
  if (model?.evaluation) {
    const text = `Model, ${stepWord(job)} ${formatCount(model.step)}`
    found.push({ name: 'model', text, evaluation: model.evaluation })
  }
  for (const { step, best, evaluation } of checkpoints.toReversed()) {
    if (!evaluation) continue
    const text = `Checkpoint, ${stepWord(job)} ${formatCount(step)}${best ? ' (best)' : ''}`
    found.push({ name: String(step), text, evaluation })
  }
  return found
}

interface ByClassProps {
  job: Job
  choices: readonly Evaluated[]
  isNumeric: boolean
}

function ByClass({ job, choices, isNumeric }: ByClassProps) {
  const name = place.value.query.get('of')
  const chosen = choices.find(each => each.name === name) ?? choices[0]
  if (!chosen) return isNumeric ? <NumericEvaluation job={job} /> : <NoEvaluation job={job} />
  const { evaluation } = chosen
  const { records, accuracy, top5Accuracy, confusionMatrix, perClass, roc, pr } = evaluation
  return (
    <>
      <Card
        title="On the validation data"
        actions={
          choices.length > 1 && (
            <Select
              label="Evaluation of"
              value={chosen.name}
              options={choices.map(each => [each.name, each.text] as const)}
              onChange={of => setQuery({ of: of === choices[0]!.name ? null : of })}
            />
          )
        }
      >
        <Facts
          facts={[
            ['Accuracy', formatPercent(accuracy, 2)],
            ['Top-5 accuracy', top5Accuracy !== undefined && formatPercent(top5Accuracy, 2)],
            ['Area under the ROC curve', roc && formatMetric(roc.auc)],
            ['Average precision', pr && formatMetric(pr.averagePrecision)],
            ['Mean recall of the classes', formatPercent(meanOf(perClass.map(c => c.recall)), 2)],
            ['Records', formatCount(records)],
            ['Evaluated', choices.length === 1 && chosen.text],
          ]}
        />
      </Card>
      {roc && pr && (
        <div class="grid charts">
          <RocChart roc={roc} positive={perClass[1]!.label} />
          <PrecisionRecallChart pr={pr} positive={perClass[1]!.label} />
        </div>
      )}
      <div class="grid matrix-and-classes">
        {confusionMatrix ? (
          <ConfusionMatrix
            job={job}
            labels={perClass.map(({ label }) => label)}
            matrix={confusionMatrix}
            hasRecords={chosen.name === 'model'}
          />
        ) : (
          <Card title="Confusion matrix">
            <p class="soft">
              It is left out: the data has {formatCount(perClass.length)} classes, more than 100.
            </p>
          </Card>
        )}
        <ClassTable classes={perClass} />
      </div>
    </>
  )
}

const meanOf = (shares: readonly (number | null)[]): number | null => {
  const known = shares.filter(share => share !== null)
  return known.length > 0 ? known.reduce((sum, share) => sum + share, 0) / known.length : null
}

const NoEvaluation = ({ job }: { job: Job }) => (
  <Card>
    <Empty icon="chart" title="There is no evaluation yet">
      <p>
        {job.model.kind === 'boosting'
          ? 'Trees of classes are evaluated when the job is done, if it has validation rows.'
          : 'A job with validation images is evaluated after each epoch, or as often as validateEvery says.'}
      </p>
    </Empty>
  </Card>
)
