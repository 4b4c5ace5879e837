import { openSession, type Runtime, type Session } from '../graph/session.js'
import { countCrashes, markAttempt, maxCrashes } from './load-attempts.js'
import { describe, faster, type Measurement, measure } from './measure.js'
import { type NetworkOptions, type NetworkPrecision, type RuntimeName, serving } from './network.js'
import { type CompiledNetwork, openCompiled } from './openvino-network.js'
import { measurementKey, recall, remember } from './remembered-measurements.js'
import { predict as runTensorFlow } from './tensorflow-network.js'

/** The runtime to take, and what is open in it already. */
export interface Fastest {
  runtime: RuntimeName
  reason: string
  isFallback: boolean
  compiled?: CompiledNetwork
  session?: Session
}

/**
 * Finds the faster runtime for a network: by what an earlier load has measured, else by runs in both. Throws what
 * OpenVINO throws if it cannot load or run the network.
 */
export async function findFastest(
  tf: Runtime,
  folder: string,
  precision: NetworkPrecision,
  options: Pick<NetworkOptions, 'threads' | 'image' | 'cacheFolder'>,
): Promise<Fastest> {
  const { threads, cacheFolder } = options
  if (cacheFolder === undefined) return compare(tf, folder, precision, options, async () => {})
  const key = await measurementKey(folder, threads, precision)
  const known = await recall(cacheFolder, key)
  if (known) return { runtime: faster(known), reason: describe(known), isFallback: false }
  if ((await countCrashes(cacheFolder, key)) >= maxCrashes) {
    const reason = 'processes ended while they loaded it into OpenVINO; it is tried again in a day'
    return { runtime: 'tensorflow', reason, isFallback: true }
  }
  const removeMark = await markAttempt(cacheFolder, key)
  try {
    return await compare(tf, folder, precision, options, measurement =>
      remember(cacheFolder, key, measurement),
    )
  } finally {
    await removeMark()
  }
}

async function compare(
  tf: Runtime,
  folder: string,
  precision: NetworkPrecision,
  options: Pick<NetworkOptions, 'threads' | 'image'>,
  onMeasured: (measurement: Measurement) => Promise<void>,
): Promise<Fastest> {
  const compiled = await openCompiled(folder, precision, options)
  let session: Session | null = null
  try {
    session = await openSession(tf, folder)
    const measurement = await measureBoth(compiled, session)
    await onMeasured(measurement)
    const found = { reason: describe(measurement), isFallback: false }
    if (faster(measurement) === 'openvino') {
      session.close()
      return { ...found, runtime: 'openvino', compiled }
    }
    compiled.close()
    return { ...found, runtime: 'tensorflow', session }
  } catch (error) {
    compiled.close()
    session?.close()
    throw error
  }
}

function measureBoth(compiled: CompiledNetwork, session: Session): Promise<Measurement> {
  const [, ...image] = session.inputShape(serving.signature, serving.input)
  return measure(
    {
      openvino: batch => compiled.run(batch),
      tensorflow: async batch => runTensorFlow(session, batch),
    },
    image as [number, number, number],
  )
}
