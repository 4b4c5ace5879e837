import { useEffect, useState } from 'preact/hooks'
import { formatCount } from '../../presentation/units.js'
import type { DatasetImport } from '../../spec/dataset-import.js'
import { followStream } from '../server/stream.js'
import { formatBytes, formatDuration } from '../ui/format.js'
import { Badge, Meter } from '../ui/parts.js'

const tones = {
  receiving: 'busy',
  fetching: 'busy',
  waiting: 'neutral',
  converting: 'busy',
  succeeded: 'good',
  failed: 'danger',
  cancelled: 'neutral',
  interrupted: 'danger',
} as const satisfies Record<DatasetImport['status'], string>

export const ImportStatus = ({ status }: { status: DatasetImport['status'] }) => (
  <Badge tone={tones[status]}>{status}</Badge>
)

/** The import as the server tells it, until it has ended. `given` is what is known of it already. */
export function useImport(given: DatasetImport): DatasetImport {
  const [latest, setLatest] = useState(given)
  const { id } = given
  const isEnded = given.finishedAt !== null
  useEffect(() => {
    if (isEnded) return
    let isOver = false
    return followStream(`/imports/${id}/events`, {
      isOver: () => isOver,
      onEvent({ data }) {
        const told = JSON.parse(data) as DatasetImport
        isOver = told.finishedAt !== null
        setLatest(told)
      },
    })
  }, [id, isEnded])
  return latest.id === id && !isEnded ? latest : given
}

/** How far an import is: its phase, a bar if its end is known, and how long it takes yet. */
export function ImportProgress({ of }: { of: DatasetImport }) {
  const { progress } = of
  if (!progress) return <Meter share={0} label={of.status} />
  const { phase, unit, done, total, fraction, etaSeconds } = progress
  const amount = unit === 'bytes' ? formatBytes : formatCount
  const count = total === null ? amount(done) : `${amount(done)} of ${amount(total)}`
  return (
    <div class="import-progress">
      <Meter share={fraction ?? 0} label={phase} />
      <p class="soft">
        {phase} {count}
        {unit === 'bytes' ? '' : ` ${unit}`}
        {fraction !== null && `, ${Math.floor(fraction * 100)} %`}
        {etaSeconds !== null && `, ${formatDuration(etaSeconds)} left in this phase`}
      </p>
    </div>
  )
}
