import type { Registry } from 'prom-client'
import type { ServerStatistics } from '../../jobs/server-statistics.js'
import type { Worker } from '../../spec/worker.js'
import { metricFactory, setKnown } from './metric-factory.js'

/**
 * Metrics of all workers that are alive, from what they report to Redis every two seconds. Returns what
 * updates them before each scrape.
 */
export function addWorkerMetrics(
  registry: Registry,
  statistics: Pick<ServerStatistics, 'workers'>,
): () => Promise<void> {
  const { gauge, counter } = metricFactory(registry)
  const alive = gauge('workers', 'Workers that have reported within the last 15 seconds.')
  const info = gauge('worker_info', 'Always 1; the labels have the version.', 'worker', 'version')
  const started = gauge(
    'worker_start_time_seconds',
    'When the worker started, in seconds since the epoch.',
    'worker',
  )
  const slots = gauge(
    'worker_slots',
    'Slots by state: busy, free, or draining if the worker takes no more jobs.',
    ...['worker', 'state'],
  )
  const memoryLimit = gauge(
    'worker_memory_limit_bytes',
    'Memory that the jobs of the worker may take together; left out without a limit.',
    'worker',
  )
  const memoryReserved = gauge(
    'worker_memory_reserved_bytes',
    'Memory that the running jobs of the worker are estimated to take.',
    'worker',
  )
  const disk = gauge(
    'worker_disk_ready',
    '1 if the data folder takes writes from the worker, else 0.',
    'worker',
  )
  const cpu = counter(
    'worker_cpu_seconds_total',
    'Processor time of the worker process, without its trainers.',
    'worker',
  )
  const resident = gauge(
    'worker_resident_memory_bytes',
    'Memory of the worker process, without its trainers.',
    'worker',
  )
  const delay = gauge(
    'worker_event_loop_delay_seconds',
    "Longest hold of the worker's event loop in the two seconds before its last report.",
    'worker',
  )
  const trainerCpu = counter(
    'trainer_cpu_seconds_total',
    'Processor time of the trainers of a slot since the worker started, sampled every two seconds.',
    ...['worker', 'slot'],
  )
  const trainerResident = gauge(
    'trainer_resident_memory_bytes',
    'Memory of the trainer of a slot; 0 if none runs.',
    ...['worker', 'slot'],
  )
  const gpuLabels = ['worker', 'gpu', 'name']
  const gpuUtilization = gauge(
    'gpu_utilization_ratio',
    'Share of the time in which the GPU computed, from 0 to 1.',
    ...gpuLabels,
  )
  const gpuUsed = gauge(
    'gpu_memory_used_bytes',
    'GPU memory in use by all processes.',
    ...gpuLabels,
  )
  const gpuTotal = gauge('gpu_memory_total_bytes', 'Memory of the GPU.', ...gpuLabels)

  const set = (one: Worker) => {
    const worker = `${one.host}:${one.pid}`
    info.set({ worker, version: one.version }, 1)
    started.set({ worker }, Date.parse(one.startedAt) / 1000)
    const busy = one.slots.filter(({ job }) => job !== null).length
    const idle = one.slots.length - busy
    slots.set({ worker, state: 'busy' }, busy)
    slots.set({ worker, state: 'free' }, one.draining ? 0 : idle)
    slots.set({ worker, state: 'draining' }, one.draining ? idle : 0)
    setKnown(memoryLimit, { worker }, one.memory.limitBytes)
    memoryReserved.set({ worker }, one.memory.reservedBytes)
    disk.set({ worker }, one.diskProblem === null ? 1 : 0)
    cpu.inc({ worker }, one.cpuSeconds)
    resident.set({ worker }, one.residentBytes)
    delay.set({ worker }, one.eventLoopDelaySeconds)
    one.slots.forEach(({ cpuSeconds, residentBytes }, slot) => {
      trainerCpu.inc({ worker, slot }, cpuSeconds)
      trainerResident.set({ worker, slot }, residentBytes)
    })
    for (const { index, name, utilization, usedBytes, totalBytes } of one.gpus) {
      const labels = { worker, gpu: String(index), name }
      setKnown(gpuUtilization, labels, utilization)
      setKnown(gpuUsed, labels, usedBytes)
      setKnown(gpuTotal, labels, totalBytes)
    }
  }

  const byWorker = [
    ...[info, started, slots, memoryLimit, memoryReserved, disk, cpu, resident, delay],
    ...[trainerCpu, trainerResident, gpuUtilization, gpuUsed, gpuTotal],
  ]
  return async () => {
    for (const metric of byWorker) metric.reset()
    alive.remove()
    // without Redis it is not known which workers are alive
    const workers = await statistics.workers().catch(() => null)
    if (!workers) return
    alive.set(workers.length)
    for (const worker of workers) set(worker)
  }
}
