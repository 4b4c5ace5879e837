// The faults of a bucket that the nemesis injects. To add one, add a line to the table at the end.
import { setTimeout as sleep } from 'node:timers/promises'
import type { S3Fault } from '../../testing/s3-proxy.js'
import type { Action } from '../actions.js'
import { signal } from '../deployment.js'

const maxSuspendSeconds = 8

/** Requests fail in one way, with some probability; at times only those that write. */
const failingRequests = (
  name: string,
  weight: number,
  maxSeconds: number,
  faults: readonly S3Fault[],
): Action => ({
  name: `bucket: ${name}`,
  weight,
  resources: ['bucket'],
  async apply({ bucket }, random) {
    if (!bucket) return null
    const { proxy } = bucket
    const fault = random.pick(faults)
    const writesOnly = random.pick([true, false])
    const probability = random.pick([0.05, 0.3, 1])
    const seconds = random.uniform(0.5, maxSeconds)
    proxy.fault = method => {
      if (writesOnly && (method === 'GET' || method === 'LIST' || method === 'HEAD')) return null
      return Math.random() < probability ? fault : null
    }
    const background = sleep(seconds * 1000).then(() => {
      proxy.fault = () => null
    })
    const which = writesOnly ? 'writes' : 'requests'
    return {
      target: `${JSON.stringify(fault)} for ${probability * 100} % of ${which} for ${seconds.toFixed(1)} s`,
      background,
    }
  },
})

const restartStore: Action = {
  name: 'bucket: kill store',
  weight: 2,
  resources: ['bucket'],
  async apply({ bucket }) {
    const pid = bucket?.server.pid()
    if (!bucket || !pid) return null
    return { target: `${pid}, and start`, background: bucket.server.restart() }
  },
}

const suspendStore: Action = {
  name: 'bucket: suspend store',
  weight: 1,
  resources: ['bucket'],
  async apply({ bucket }, random) {
    const seconds = random.uniform(1, maxSuspendSeconds)
    const pid = bucket?.server.pid()
    if (!pid || !signal(pid, 'SIGSTOP')) return null
    const background = sleep(seconds * 1000).then(() => void signal(pid, 'SIGCONT'))
    return { target: `${pid} for ${seconds.toFixed(1)} s`, background }
  },
}

const cutConnections: Action = {
  name: 'bucket: cut all',
  weight: 1,
  resources: ['bucket'],
  async apply({ bucket }) {
    bucket?.proxy.cut()
    return bucket ? { target: 'connections' } : null
  },
}

export const bucketActions: readonly Action[] = [
  // longer than any number of retries takes for a short outage
  failingRequests('errors', 2, 20, [{ status: 500 }, { status: 503 }]),
  failingRequests('lost answers', 2, 5, [{ lost: true }]),
  failingRequests('cut bodies', 1, 5, [{ cutAt: 0 }, { cutAt: 0.5 }, { cutAt: 0.99 }]),
  failingRequests('silence', 1, 3, [{ silent: true }]),
  cutConnections,
  restartStore,
  suspendStore,
]
