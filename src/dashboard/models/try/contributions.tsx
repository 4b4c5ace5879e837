import type { RowExplanation } from '../../../spec/explanation.js'
import { formatMetric } from '../../ui/format.js'
import type { RowTexts } from './row-cells.js'

/** Columns with a bar of their own; the others are one bar together. */
const maxBars = 15

interface ContributionsProps {
  explanation: RowExplanation
  texts: RowTexts
  /** What the margin is, such as log-odds. */
  unit: string
}

/** SHAP values as bars from a common zero, the largest first. They and the bias add up to the margin. */
export function Contributions({ explanation, texts, unit }: ContributionsProps) {
  const { margin, bias, contributions } = explanation
  const sorted = Object.entries(contributions).sort(([, a], [, b]) => Math.abs(b) - Math.abs(a))
  const shown = sorted.length > maxBars + 1 ? sorted.slice(0, maxBars) : sorted
  const rest = sorted.slice(shown.length)
  const bars = [
    ...shown.map(([name, value]) => ({ name, value, text: texts[name] ?? 'missing' })),
    ...(rest.length > 0
      ? [
          {
            name: `${rest.length} other columns`,
            value: rest.reduce((sum, [, value]) => sum + value, 0),
            text: null,
          },
        ]
      : []),
  ]
  const largest = Math.max(...bars.map(({ value }) => Math.abs(value)), 1e-12)
  return (
    <div class="stack">
      <p class="soft">
        {formatMetric(bias)} on average {margin >= bias ? '+' : '−'}{' '}
        {formatMetric(Math.abs(margin - bias))} from this row ={' '}
        <strong>{formatMetric(margin)}</strong> ({unit})
      </p>
      <ol class="bars signed" aria-label="Contributions of the columns">
        {bars.map(({ name, value, text }) => (
          <li key={name}>
            <span class="bar-label">
              {name}
              {text !== null && <span class="soft"> = {text}</span>}
            </span>
            <span class="bar-track">
              <span
                class={`bar ${value < 0 ? 'negative' : 'positive'}`}
                style={{
                  width: `${(Math.abs(value) / largest) * 50}%`,
                  [value < 0 ? 'right' : 'left']: '50%',
                }}
              />
            </span>
            <span class="number">
              {value > 0 ? '+' : ''}
              {Number(value.toPrecision(3))}
            </span>
          </li>
        ))}
      </ol>
    </div>
  )
}
