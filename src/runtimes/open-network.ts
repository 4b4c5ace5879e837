import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readInstallation } from '../engine/installation.js'
import { hasOpenVino, type OpenVinoModel } from '../engine/openvino.js'
import { cpuFlags, supportsBfloat16 } from '../engine/processor.js'
import { openSession, type Runtime, type Session } from '../graph/session.js'
import { describe, faster, type Measurement, measure } from './measure.js'
import {
  type LoadedNetwork,
  type NetworkOptions,
  type NetworkPrecision,
  type RuntimeChoice,
  serving,
} from './network.js'
import { compileNetwork, openVinoNetwork, predict as runOpenVino } from './openvino-network.js'
import { measurementKey, recall, remember } from './remembered-measurements.js'
import { predict as runTensorFlow, tensorFlowNetwork } from './tensorflow-network.js'

/**
 * Loads the network of a model's folder, a SavedModel whose content never changes, into the library that runs it
 * fastest here. Where OpenVINO cannot, TensorFlow does.
 */
export async function openNetwork(
  tf: Runtime,
  folder: string,
  options: NetworkOptions,
): Promise<LoadedNetwork> {
  const { threads, runtime, cacheFolder } = options
  const bytes = await folderBytes(folder)
  const precision = possiblePrecision(options.precision)
  const inTensorFlow = async (reason: string, isFallback: boolean, opened?: Session | null) =>
    tensorFlowNetwork(
      opened ?? (await openSession(tf, folder)),
      bytes,
      tensorFlowChoice(options.precision, reason, isFallback),
    )
  if (runtime === 'tensorflow') return inTensorFlow('as set', false)
  if (!hasOpenVino()) {
    const isCuda = readInstallation().kind === 'cuda'
    if (isCuda && runtime === 'auto') return inTensorFlow('OpenVINO does not use the GPU', false)
    return inTensorFlow('OpenVINO is not installed; `npm run setup` installs it', true)
  }

  const inOpenVino = (reason: string, compiled?: OpenVinoModel) =>
    openVinoNetwork(
      compiled ?? compileNetwork(folder, threads, precision),
      bytes,
      openVinoChoice(options.precision, precision, reason),
    )
  let [model, session]: [OpenVinoModel | null, Session | null] = [null, null]
  try {
    if (runtime === 'openvino') return inOpenVino('as set')
    if (precision === 'bf16') return inOpenVino('TensorFlow computes it in fp32 only')
    const key = cacheFolder ? await measurementKey(folder, threads, precision) : null
    const known = cacheFolder && key ? await recall(cacheFolder, key) : null
    if (known && faster(known) === 'openvino') return inOpenVino(describe(known))
    if (known) return inTensorFlow(describe(known), false)
    model = compileNetwork(folder, threads, precision)
    session = await openSession(tf, folder)
    const measurement = await measureBoth(model, session)
    if (cacheFolder && key) await remember(cacheFolder, key, measurement)
    if (faster(measurement) === 'openvino') {
      session.close()
      return inOpenVino(describe(measurement), model)
    }
    model.close()
    return inTensorFlow(describe(measurement), false, session)
  } catch (error) {
    model?.close()
    return inTensorFlow(error instanceof Error ? error.message : String(error), true, session)
  }
}

/** The graph is in float32; a quantized one computes 8-bit values in it. */
function tensorFlowChoice(
  asked: NetworkOptions['precision'],
  reason: string,
  isFallback: boolean,
): RuntimeChoice {
  const precision = asked === 'int8' ? 'int8' : 'fp32'
  return asked === 'bf16'
    ? {
        runtime: 'tensorflow',
        precision,
        reason: `${reason}; bf16 needs OpenVINO`,
        isFallback: true,
      }
    : { runtime: 'tensorflow', precision, reason, isFallback }
}

function openVinoChoice(
  asked: NetworkOptions['precision'],
  precision: NetworkPrecision,
  reason: string,
): RuntimeChoice {
  return asked === 'bf16' && precision !== 'bf16'
    ? {
        runtime: 'openvino',
        precision,
        reason: `${reason}; this processor has no instructions for bf16`,
        isFallback: true,
      }
    : { runtime: 'openvino', precision, reason, isFallback: false }
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

/** Without instructions for bfloat16 it would be slower than float32, and less accurate. */
function possiblePrecision(asked: NetworkOptions['precision']): NetworkPrecision {
  if (asked === 'auto') return 'fp32'
  return asked === 'bf16' && !supportsBfloat16(cpuFlags()) ? 'fp32' : asked
}

async function folderBytes(folder: string): Promise<number> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const sizes = files
    .filter(entry => entry.isFile())
    .map(async ({ parentPath, name }) => (await stat(join(parentPath, name))).size)
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
}
