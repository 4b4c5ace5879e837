import { formatCount } from '../../presentation/units.js'
import type { Evaluation as EvaluationData } from '../../spec/evaluation.js'
import { formatMetric, formatPercent } from '../ui/format.js'
import { Card, Facts, TableScroll } from '../ui/parts.js'

/** More classes make a table that nobody can read. */
const maxMatrix = 30

interface EvaluationProps {
  evaluation: EvaluationData
  labels: readonly string[]
}

/** How a classifier does on its validation records, by class. */
export function Evaluation({ evaluation, labels }: EvaluationProps) {
  const { records, accuracy, top5Accuracy, perClass, confusionMatrix, roc, pr } = evaluation
  return (
    <Card title="Evaluation">
      <Facts
        facts={[
          ['Validation records', formatCount(records)],
          ['Accuracy', formatPercent(accuracy, 2)],
          ['Among the best five', top5Accuracy !== undefined && formatPercent(top5Accuracy, 2)],
          ['Area under ROC', roc && formatMetric(roc.auc)],
          ['Average precision', pr && formatMetric(pr.averagePrecision)],
        ]}
      />
      <div class="grid">
        <TableScroll label="Evaluation by class" class="tall">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">Class</th>
                <th scope="col" class="number">
                  Records
                </th>
                <th scope="col" class="number">
                  Recall
                </th>
                <th scope="col" class="number">
                  Precision
                </th>
              </tr>
            </thead>
            <tbody>
              {perClass.map(each => (
                <tr key={each.label}>
                  <th scope="row">{each.label}</th>
                  <td class="number">{formatCount(each.records)}</td>
                  <td class="number">{formatPercent(each.recall)}</td>
                  <td class="number">{formatPercent(each.precision)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
        {confusionMatrix && confusionMatrix.length <= maxMatrix && (
          <Confusion matrix={confusionMatrix} labels={labels} />
        )}
      </div>
      {confusionMatrix && confusionMatrix.length > maxMatrix && (
        <p class="faint">
          The confusion matrix of more than {maxMatrix} classes is in the API only.
        </p>
      )}
    </Card>
  )
}

function Confusion({ matrix, labels }: { matrix: number[][]; labels: readonly string[] }) {
  const name = (i: number) => labels[i] ?? String(i)
  return (
    <TableScroll label="Confusion matrix" class="tall">
      <table class="table confusion">
        <caption>Rows: the true class. Columns: the predicted one.</caption>
        <thead>
          <tr>
            <th scope="col">
              <span class="only-heard">True class</span>
            </th>
            {matrix.map((_, i) => (
              <th key={name(i)} scope="col" class="number">
                {name(i)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrix.map((row, i) => (
            <tr key={name(i)}>
              <th scope="row">{name(i)}</th>
              {row.map((count, j) => (
                <td
                  key={name(j)}
                  class={`number ${count === 0 ? 'faint' : i === j ? 'right' : 'wrong'}`}
                >
                  {formatCount(count)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </TableScroll>
  )
}
