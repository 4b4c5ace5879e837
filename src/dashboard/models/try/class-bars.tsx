import { formatPercent } from '../../ui/format.js'

export interface ClassBar {
  label: string
  index: number
  probability: number
}

interface ClassBarsProps {
  bars: readonly ClassBar[]
  /** The class that is explained, and what to do to explain another one. */
  chosen?: string | undefined
  onChoose?: (label: string) => void
}

/** The most probable classes with their probabilities. */
export const ClassBars = ({ bars, chosen, onChoose }: ClassBarsProps) => (
  <ol class="bars" aria-label="Most probable classes">
    {bars.map(({ label, index, probability }, rank) => (
      <li key={index} class={rank === 0 ? 'first' : ''}>
        {onChoose ? (
          <button
            type="button"
            class="bar-label"
            aria-pressed={chosen === label}
            title="Explain this class"
            onClick={() => onChoose(label)}
          >
            {label}
          </button>
        ) : (
          <span class="bar-label">{label}</span>
        )}
        <span class="bar-track">
          <span class="bar" style={{ width: `${Math.max(probability * 100, 0.3)}%` }} />
        </span>
        <span class="number">{formatPercent(probability, probability < 0.001 ? 3 : 1)}</span>
      </li>
    ))}
  </ol>
)
