import type { OpenVinoModel } from '../engine/openvino.js'
import { openSession, type Runtime, type Session } from '../graph/session.js'
import { countCrashes, markAttempt, maxCrashes } from './load-attempts.js'
import { describe, faster, type Measurement, measure } from './measure.js'
import { type NetworkPrecision, type RuntimeName, serving } from './network.js'
import { compileNetwork, predict as runOpenVino } from './openvino-network.js'
import { measurementKey, recall, remember } from './remembered-measurements.js'
import { predict as runTensorFlow } from './tensorflow-network.js'

/** The runtime to take, and what is open in it already. */
export interface Fastest {
  runtime: RuntimeName
  reason: string
  isFallback: boolean
  model?: OpenVinoModel
  session?: Session
}

/**
 * Finds the faster runtime for a network: by what an earlier load has measured, else by runs in both. Throws what
 * OpenVINO throws if it cannot load or run the network.
 */
export async function findFastest(
  tf: Runtime,
  folder: string,
  threads: number,
  precision: NetworkPrecision,
  cacheFolder: string | undefined,
): Promise<Fastest> {
  if (cacheFolder === undefined) return compare(tf, folder, threads, precision, async () => {})
  const key = await measurementKey(folder, threads, precision)
  const known = await recall(cacheFolder, key)
  if (known) return { runtime: faster(known), reason: describe(known), isFallback: false }
  if ((await countCrashes(cacheFolder, key)) >= maxCrashes) {
    const reason = 'processes ended while they loaded it into OpenVINO; it is tried again in a day'
    return { runtime: 'tensorflow', reason, isFallback: true }
  }
  const removeMark = await markAttempt(cacheFolder, key)
  try {
    return await compare(tf, folder, threads, precision, measurement =>
      remember(cacheFolder, key, measurement),
    )
  } finally {
    await removeMark()
  }
}

async function compare(
  tf: Runtime,
  folder: string,
  threads: number,
  precision: NetworkPrecision,
  onMeasured: (measurement: Measurement) => Promise<void>,
): Promise<Fastest> {
  const model = compileNetwork(folder, threads, precision)
  let session: Session | null = null
  try {
    session = await openSession(tf, folder)
    const measurement = await measureBoth(model, session)
    await onMeasured(measurement)
    const found = { reason: describe(measurement), isFallback: false }
    if (faster(measurement) === 'openvino') {
      session.close()
      return { ...found, runtime: 'openvino', model }
    }
    model.close()
    return { ...found, runtime: 'tensorflow', session }
  } catch (error) {
    model.close()
    session?.close()
    throw error
  }
}

function measureBoth(model: OpenVinoModel, session: Session): Promise<Measurement> {
  const [, ...image] = session.inputShape(serving.signature, serving.input)
  return measure(
    {
      openvino: batch => runOpenVino(model, batch),
      tensorflow: async batch => runTensorFlow(session, batch),
    },
    image as [number, number, number],
  )
}
