import { useMemo } from 'preact/hooks'
import type { Job } from '../../spec/job.js'
import type { Slot, Worker } from '../../spec/worker.js'
import { pathTo } from '../place.js'
import { useChanges } from '../server/changes.js'
import { throttled, useRefresh, useResource, withoutError } from '../server/resource.js'
import { client } from '../server/session.js'
import { formatBytes, formatDuration, formatPercent } from '../ui/format.js'
import { Loaded } from '../ui/load.js'
import { Badge, Card, Empty, Facts, Meter } from '../ui/parts.js'
import { Status } from '../ui/status.js'
import { TableBox } from '../ui/table-box.js'
import { Duration } from '../ui/time.js'
import { GpuTable } from './gpu-table.js'

/** Workers report every few seconds. */
const refreshMs = 3000

type RunningJob = Pick<Job, 'id' | 'name' | 'status' | 'requested' | 'phase' | 'progress'>
const fields = 'id,name,status,requested,phase,progress'

/** The workers, and in each slot the job that it runs. */
export function WorkersCard({ isLost }: { isLost: boolean }) {
  const workers = useResource(() => client.server.workers(), [])
  useRefresh(workers, refreshMs)
  const running = useResource(
    () => client.jobs.list({ status: 'running', fields, limit: '1000' }),
    [],
  )
  const { update } = running
  const reloadAll = useMemo(
    () =>
      throttled(() => {
        workers.reload()
        running.reload()
      }, 1000),
    [workers.reload, running.reload],
  )
  useChanges(
    ['job'],
    ({ data: change }) => {
      if (!('progress' in change)) return reloadAll()
      const { id, phase, progress } = change
      update(list => ({
        ...list,
        items: list.items.map(job => (job.id === id ? { ...job, phase, progress } : job)),
      }))
    },
    reloadAll,
  )
  const jobs = useMemo(
    () => new Map<string, RunningJob>(running.data?.items.map(job => [job.id, job])),
    [running.data],
  )
  return (
    <Card title="Workers">
      <Loaded of={withoutError(workers, isLost)} label="the workers">
        {({ items }) =>
          items.length > 0 ? (
            <div class="workers">
              {items.map(worker => (
                <WorkerPart key={worker.id} worker={worker} jobs={jobs} />
              ))}
            </div>
          ) : (
            <Empty icon="server" title="No worker is alive">
              <p>
                Jobs wait until there is one. <code>npm start</code> runs one, and starts it again
                if it fails; its log says why.
              </p>
            </Empty>
          )
        }
      </Loaded>
    </Card>
  )
}

interface WorkerProps {
  worker: Worker
  jobs: ReadonlyMap<string, RunningJob>
}

function WorkerPart({ worker, jobs }: WorkerProps) {
  const { host, pid, slots, memory, draining, diskProblem, startedAt, gpus } = worker
  const busy = slots.filter(({ job }) => job !== null).length
  return (
    <section class="worker">
      <header class="row">
        <h3>{host}</h3>
        <span class="soft">process {pid}</span>
        {draining ? (
          <Badge tone="warning">stops, takes no more jobs</Badge>
        ) : (
          <Badge tone={busy > 0 ? 'busy' : 'neutral'}>
            {busy} of {slots.length} {slots.length === 1 ? 'slot' : 'slots'} busy
          </Badge>
        )}
      </header>
      {diskProblem !== null && (
        <p class="field-error">It cannot write to the data folder: {diskProblem}</p>
      )}
      <TableBox label={`Slots of ${host}`}>
        <thead>
          <tr>
            <th scope="col">Slot</th>
            <th scope="col">Job</th>
            <th scope="col">Progress</th>
            <th scope="col" class="number">
              Memory
            </th>
            <th scope="col" class="number">
              <abbr title="of all its trainers since the worker started">Processor time</abbr>
            </th>
          </tr>
        </thead>
        <tbody>
          {slots.map((slot, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: slots have no other names
            <SlotRow key={i} index={i} slot={slot} jobs={jobs} />
          ))}
        </tbody>
      </TableBox>
      {gpus.length > 0 && <GpuTable gpus={gpus} />}
      <Facts
        facts={[
          ['Running for', <Duration key="d" from={startedAt} to={null} />],
          [
            'Memory for jobs',
            memory.limitBytes === null
              ? `${formatBytes(memory.reservedBytes)} reserved, no limit`
              : `${formatBytes(memory.reservedBytes)} of ${formatBytes(memory.limitBytes)} reserved`,
          ],
          ['Memory of the worker', formatBytes(worker.residentBytes)],
          [
            'Longest hold of its event loop',
            `${Math.round(worker.eventLoopDelaySeconds * 1000)} ms`,
          ],
          ['Version', worker.version],
        ]}
      />
    </section>
  )
}

interface SlotRowProps {
  index: number
  slot: Slot
  jobs: ReadonlyMap<string, RunningJob>
}

function SlotRow({ index, slot, jobs }: SlotRowProps) {
  const job = slot.job === null ? undefined : jobs.get(slot.job)
  return (
    <tr>
      <th scope="row">
        {index + 1}
        {slot.gpu !== null && <span class="soft"> · GPU {slot.gpu}</span>}
      </th>
      <td>
        {slot.job === null ? (
          <span class="faint">free</span>
        ) : (
          <span class="row">
            <a href={`#${pathTo('jobs', slot.job)}`}>{job?.name ?? slot.job}</a>
            {job && <Status status={job.status} requested={job.requested} />}
          </span>
        )}
      </td>
      <td class="slot-progress">
        {job && (
          <>
            <Meter share={job.progress.fraction} label={`Progress of ${job.name}`} />
            <span class="soft">
              {formatPercent(job.progress.fraction, 0)}
              {job.phase !== null && `, ${job.phase}`}
            </span>
          </>
        )}
      </td>
      <td class="number">{slot.job === null ? '' : formatBytes(slot.residentBytes)}</td>
      <td class="number">{formatDuration(slot.cpuSeconds)}</td>
    </tr>
  )
}
