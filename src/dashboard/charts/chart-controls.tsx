import type { ComponentChildren } from 'preact'
import { useId } from 'preact/hooks'
import { Checkbox, Select } from '../ui/field.js'
import { chartChoices, maxSmoothing, setChartChoices } from './chart-choices.js'
import { type XKind, xKinds, xTitles } from './x-axis.js'

interface ChartControlsProps {
  /** Those that make sense here; trees have no epochs, for example. */
  kinds?: readonly XKind[]
  /** Further controls of the view. */
  children?: ComponentChildren
}

/** The bar above charts: what x counts, smoothing and logarithmic axes. */
export function ChartControls({ kinds = xKinds, children }: ChartControlsProps) {
  const { x, smoothing, isLogX, isLogY } = chartChoices()
  const id = useId()
  return (
    <div class="chart-controls" role="group" aria-label="Charts">
      <span class="chart-control">
        <label for={`${id}-x`}>X axis</label>
        <Select
          id={`${id}-x`}
          value={x}
          options={kinds.map(kind => [kind, xTitles[kind]] as const)}
          onChange={kind => setChartChoices({ x: kind })}
        />
      </span>
      <span class="chart-control">
        <label for={`${id}-smooth`}>Smoothing</label>
        <input
          id={`${id}-smooth`}
          type="range"
          min={0}
          max={maxSmoothing}
          step={0.01}
          value={smoothing}
          onInput={event => setChartChoices({ smoothing: Number(event.currentTarget.value) })}
        />
        <output for={`${id}-smooth`}>{smoothing.toFixed(2)}</output>
      </span>
      <span class="chart-control">
        <Checkbox checked={isLogX} onChange={isChosen => setChartChoices({ isLogX: isChosen })}>
          Log x
        </Checkbox>
        <Checkbox checked={isLogY} onChange={isChosen => setChartChoices({ isLogY: isChosen })}>
          Log y
        </Checkbox>
      </span>
      {children}
    </div>
  )
}
