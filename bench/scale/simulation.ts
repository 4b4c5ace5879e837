// A model of more workers and devices than any machine at hand has. Its inputs were measured, or are said to be nominal.

/** What one Redis and its workers cost at a number of workers (npm run bench -- workers). */
export interface MeasuredWorkers {
  workers: number
  connections: number
  usedMb: number
  idle: { commandsPerSecond: number }
  loaded: { commandsPerSecond: number; redisCpu: number }
  jobsPerSecond: number
  claimMs: { median: number }
}

/** The same, as the model has it. */
export interface WorkerCosts {
  /** Commands per second of a worker without a job. */
  idleCommands: number
  /** Commands of a job: its own, and those of each idle worker that is woken for it. */
  jobCommands: number
  wakeCommands: number
  /** Processor time of Redis for a command. */
  commandSeconds: number
  connections: number
  megabytes: number
  /** A claim when Redis has nothing else to do. */
  claimMs: number
}

/** `load`: the share of the slots that had a job. */
export function workerCosts(rows: readonly MeasuredWorkers[], load: number): WorkerCosts {
  const sorted = [...rows].sort((a, b) => a.workers - b.workers)
  const [first, last] = [sorted[0]!, sorted.at(-1)!]
  if (first.workers === last.workers) throw new RangeError('rows of one number of workers')
  // a line through the commands of a job by idle workers
  const points = sorted.map(({ workers, idle, loaded, jobsPerSecond }) => ({
    x: workers * (1 - load),
    y: (loaded.commandsPerSecond - idle.commandsPerSecond) / jobsPerSecond,
  }))
  const [x, y] = [mean(points.map(each => each.x)), mean(points.map(each => each.y))]
  const slope =
    sum(points.map(each => (each.x - x) * (each.y - y))) /
    sum(points.map(each => (each.x - x) ** 2))
  const perWorker = (of: (row: MeasuredWorkers) => number) =>
    (of(last) - of(first)) / (last.workers - first.workers)
  const { redisCpu, commandsPerSecond } = last.loaded
  return {
    idleCommands: last.idle.commandsPerSecond / last.workers,
    jobCommands: y - slope * x,
    wakeCommands: slope,
    commandSeconds: redisCpu / commandsPerSecond,
    connections: perWorker(row => row.connections),
    megabytes: perWorker(row => row.usedMb),
    claimMs: last.claimMs.median * (1 - redisCpu),
  }
}

export interface SimulatedWorkers {
  workers: number
  jobSeconds: number
  jobsPerSecond: number
  commandsPerSecond: number
  /** Share of a core; Redis has one, so above 1 it cannot follow. */
  redisCpu: number
  /** Null if Redis cannot follow. */
  claimMs: number | null
  connections: number
  megabytes: number
}

export function simulateWorkers(
  costs: WorkerCosts,
  { workers, jobSeconds, load }: { workers: number; jobSeconds: number; load: number },
): SimulatedWorkers {
  const jobsPerSecond = (load * workers) / jobSeconds
  const commandsOfJob = costs.jobCommands + costs.wakeCommands * workers * (1 - load)
  const commandsPerSecond = costs.idleCommands * workers + commandsOfJob * jobsPerSecond
  const redisCpu = commandsPerSecond * costs.commandSeconds
  return {
    ...{ workers, jobSeconds, jobsPerSecond, commandsPerSecond, redisCpu },
    // one server with a queue before it
    claimMs: redisCpu < 1 ? costs.claimMs / (1 - redisCpu) : null,
    connections: costs.connections * workers,
    megabytes: costs.megabytes * workers,
  }
}

/** What a step of a network costs, without any exchange. */
export interface StepCosts {
  /** Of one device, for its own micro-batch. */
  stepMs: number
  /** Of the gradients of all weights, which are as large as the weights. */
  bytes: number
}

/** The time of a step when each device has a micro-batch of its own, and how many times as fast one device's is. */
export interface SimulatedStep {
  stepMs: number
  speedUp: number
}

/**
 * As built: the first device gets the gradients of all others, adds them in their order, and each device reads the
 * weights from it. All of it passes the link of the first device, and none of it while devices compute.
 */
export const simulateFirstAdds = (
  costs: StepCosts,
  devices: number,
  bytesPerSecond: number,
): SimulatedStep => stepOf(costs, devices, (2 * (devices - 1) * costs.bytes) / bytesPerSecond)

/** For comparison: a ring, in which each device sends as much as any other. */
export const simulateRing = (
  costs: StepCosts,
  devices: number,
  bytesPerSecond: number,
): SimulatedStep =>
  stepOf(costs, devices, (2 * ((devices - 1) / devices) * costs.bytes) / bytesPerSecond)

function stepOf({ stepMs: alone }: StepCosts, devices: number, seconds: number): SimulatedStep {
  const stepMs = alone + seconds * 1000
  return { stepMs, speedUp: (devices * alone) / stepMs }
}

const sum = (values: readonly number[]) => values.reduce((total, each) => total + each, 0)
const mean = (values: readonly number[]) => sum(values) / values.length
