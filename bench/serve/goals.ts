import type { ServeCase } from './cases.js'
import type { CaseResult, ServerResult } from './measure-case.js'
import { probeCount } from './networks/served-network.js'

/** A goal beside what was measured. Goals whose servers were not measured are left out. */
export interface Goal {
  goal: string
  wanted: string
  found: string
  isMet: boolean
}

const pythonServers = ['litserve-torch', 'bentoml-keras', 'pytriton-onnxruntime']
const maxAccuracyLoss = 0.005

export function goalsOf(each: ServeCase, { servers, raw }: CaseResult): Goal[] {
  const named = (name: string) => servers.find(({ subject }) => subject === name)
  const own = named('trainyard')
  const goals: (Goal | null)[] = []
  if (each.name === 'resnet50-224') {
    const python = servers.filter(({ subject }) => pythonServers.includes(subject))
    goals.push(
      ratio(own, best(python), 1.5, 'fp32, of the best of PyTorch, BentoML and Triton'),
      ratio(own, named('litserve-openvino'), 1.15, 'fp32, of LitServe with OpenVINO'),
      ratio(named('trainyard-bf16'), named('litserve-openvino-bf16'), 1.3, 'bf16, of the same'),
      ratio(named('trainyard-int8'), named('litserve-openvino-int8'), 1.15, 'int8, of the same'),
      accuracy(named('trainyard-int8'), own),
    )
    const single = own?.loads.find(({ clients }) => clients === 1)
    if (own && raw) {
      goals.push(
        atLeast('rate of fp32, of OpenVINO alone', peak(own) / raw.fp32.imagesPerSecond, 0.9),
      )
      if (single) {
        const found = single.p50Ms / raw.fp32.singleMs
        goals.push(atMost('p50 of one client, of OpenVINO alone', found, 1.1, ' ×'))
      }
    }
  }
  if (each.name === 'resnet-32') {
    const p99 = ({ loads }: ServerResult) => loads.find(({ clients }) => clients === 32)?.p99Ms
    const peers = servers.flatMap(server =>
      server.subject.startsWith('trainyard') ? [] : (p99(server) ?? []),
    )
    const found = own && p99(own)
    if (found && peers.length > 0) {
      goals.push(
        atMost(
          'p99 of 32 clients, of the best of the others',
          found / Math.min(...peers),
          0.5,
          ' ×',
        ),
      )
    }
  }
  if (each.name === 'trees-1' && own) {
    const single = own.loads.find(({ clients }) => clients === 1)
    if (single) goals.push(atMost('p50 of one client', single.p50Ms, 0.25, ' ms'))
    const wanted = 8000
    const found = peak(own)
    goals.push({
      goal: 'requests/s',
      wanted: `≥ ${wanted}`,
      found: found.toFixed(0),
      isMet: found >= wanted,
    })
  }
  if (own?.overload) {
    const { goodPerSecond, slowestRefusalMs } = own.overload
    goals.push(atLeast('overload: answers, of the highest rate', goodPerSecond / peak(own), 0.9))
    if (slowestRefusalMs !== null) {
      goals.push(atMost('overload: slowest refusal', slowestRefusalMs, 50, ' ms'))
    }
  }
  return goals.filter(goal => goal !== null)
}

/** The highest rate of any number of clients. */
const peak = ({ loads }: ServerResult) =>
  Math.max(...loads.map(({ requestsPerSecond }) => requestsPerSecond))

const best = (servers: readonly ServerResult[]): ServerResult | undefined =>
  servers.toSorted((a, b) => peak(b) - peak(a))[0]

const ratio = (
  own: ServerResult | undefined,
  other: ServerResult | undefined,
  wanted: number,
  what: string,
): Goal | null =>
  own && other
    ? atLeast(`rate of ${what} (${other.subject})`, peak(own) / peak(other), wanted)
    : null

const atLeast = (goal: string, found: number, wanted: number): Goal => ({
  goal,
  wanted: `≥ ${wanted} ×`,
  found: `${found.toFixed(2)} ×`,
  isMet: found >= wanted,
})

const atMost = (goal: string, found: number, wanted: number, unit: string): Goal => ({
  goal,
  wanted: `≤ ${wanted}${unit}`,
  found: `${found.toFixed(2)}${unit}`,
  isMet: found <= wanted,
})

function accuracy(int8: ServerResult | undefined, fp32: ServerResult | undefined): Goal | null {
  if (!int8 || !fp32) return null
  const loss = fp32.answers.accuracy! - int8.answers.accuracy!
  return {
    goal: `accuracy that int8 loses, of ${probeCount} images`,
    wanted: `≤ ${100 * maxAccuracyLoss} points`,
    found: `${(100 * loss).toFixed(1)} points`,
    isMet: loss <= maxAccuracyLoss,
  }
}
