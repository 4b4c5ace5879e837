import { useMemo } from 'preact/hooks'
import type { Evaluation } from '../../../spec/evaluation.js'
import { formatMetric } from '../../ui/format.js'
import { LineChart } from '../../ui/line-chart.js'
import { Card } from '../../ui/parts.js'

interface RocChartProps {
  roc: NonNullable<Evaluation['roc']>
  /** The class that the curve is about. */
  positive: string
}

export function RocChart({ roc, positive }: RocChartProps) {
  const series = useMemo(() => {
    const points = [...roc.points].sort(
      (a, b) =>
        a.falsePositiveRate - b.falsePositiveRate || a.truePositiveRate - b.truePositiveRate,
    )
    return [
      {
        key: 'roc',
        label: 'True positive rate',
        x: points.map(point => point.falsePositiveRate),
        y: points.map(point => point.truePositiveRate),
      },
      { key: 'chance', label: 'By chance', colour: 9, isDashed: true, x: [0, 1], y: [0, 1] },
    ]
  }, [roc])
  return (
    <Card>
      <LineChart title={`ROC curve of ${positive}`} series={series} formatX={formatMetric} />
      <p class="soft">
        x is the false positive rate. The area under the curve is {formatMetric(roc.auc)}.
      </p>
    </Card>
  )
}

interface PrecisionRecallChartProps {
  pr: NonNullable<Evaluation['pr']>
  positive: string
}

export function PrecisionRecallChart({ pr, positive }: PrecisionRecallChartProps) {
  const series = useMemo(() => {
    const points = [...pr.points].sort((a, b) => a.recall - b.recall || b.precision - a.precision)
    return [
      {
        key: 'pr',
        label: 'Precision',
        x: points.map(point => point.recall),
        y: points.map(point => point.precision),
      },
    ]
  }, [pr])
  return (
    <Card>
      <LineChart title={`Precision of ${positive}`} series={series} formatX={formatMetric} />
      <p class="soft">
        x is the recall. The average precision is {formatMetric(pr.averagePrecision)}.
      </p>
    </Card>
  )
}
