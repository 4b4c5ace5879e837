import type { RowPredictions } from '../../../spec/model.js'
import { formatMetric } from '../../ui/format.js'
import type { BoostingView } from '../model-words.js'
import { classNames } from '../model-words.js'
import { ClassBars } from './class-bars.js'

/** As many classes are shown. */
const maxClasses = 10

interface RowResultProps {
  model: BoostingView
  predictions: RowPredictions
  ms: number
}

/** The class with all probabilities, or the numbers. */
export function RowResult({ model, predictions, ms }: RowResultProps) {
  const [first] = predictions.predictions
  if (!first) return null
  const { label, probabilities, value, values, score } = first
  const labels = classNames(model)
  const number = value ?? score
  const unknown = Object.keys(predictions.unknownCategories)
  const hidden = (probabilities?.length ?? 0) - maxClasses
  return (
    <div class="stack">
      <p class="predicted">
        <strong>{label ?? (number !== undefined && formatMetric(number))}</strong>
        <span class="soft">answered in {Math.round(ms)} ms, transfer included</span>
      </p>
      {probabilities && (
        <ClassBars
          bars={probabilities
            .map((probability, index) => ({
              label: labels[index] ?? String(index),
              index,
              probability,
            }))
            .sort((a, b) => b.probability - a.probability)
            .slice(0, maxClasses)}
        />
      )}
      {hidden > 0 && <p class="faint">{hidden} less probable classes are not shown.</p>}
      {values && (
        <dl class="facts">
          {values.map((each, i) => (
            <div key={predictions.quantiles?.[i] ?? i}>
              <dt>quantile {predictions.quantiles?.[i]}</dt>
              <dd>{formatMetric(each)}</dd>
            </div>
          ))}
        </dl>
      )}
      {unknown.length > 0 && (
        <p class="soft">
          Training has not seen this category, so it counts as missing: {unknown.join(', ')}
        </p>
      )}
      {predictions.notes.map(({ code, message }) => (
        <p key={code} class="soft">
          {message}
        </p>
      ))}
    </div>
  )
}
