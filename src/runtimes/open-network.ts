import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readInstallation } from '../engine/installation.js'
import { hasOpenVino } from '../engine/openvino.js'
import { cpuFlags, supportsBfloat16 } from '../engine/processor.js'
import { openSession, type Runtime } from '../graph/session.js'
import { type Fastest, findFastest } from './fastest-runtime.js'
import type { LoadedNetwork, NetworkOptions, NetworkPrecision } from './network.js'
import { openCompiled } from './openvino-network.js'
import { tensorFlowNetwork } from './tensorflow-network.js'

/**
 * Loads the network of a model's folder, a SavedModel whose content never changes, into the library that runs it
 * fastest here. Where OpenVINO cannot, TensorFlow does.
 */
export async function openNetwork(
  tf: Runtime,
  folder: string,
  options: NetworkOptions,
): Promise<LoadedNetwork> {
  const bytes = await folderBytes(folder)
  const precision = possiblePrecision(options.precision)
  const inTensorFlow = async ({ session, reason, isFallback }: Omit<Fastest, 'runtime'>) =>
    tensorFlowNetwork(session ?? (await openSession(tf, folder)), bytes, {
      runtime: 'tensorflow',
      ...inTensorFlowsTypes(options.precision, reason, isFallback),
    })
  try {
    const choice = await chooseRuntime(tf, folder, precision, options)
    if (choice.runtime === 'tensorflow') return inTensorFlow(choice)
    const compiled = choice.compiled ?? (await openCompiled(folder, precision, options))
    const lacksBfloat16 = options.precision === 'bf16' && precision !== 'bf16'
    return {
      ...compiled,
      bytes,
      runtime: 'openvino',
      precision,
      reason: lacksBfloat16 ? `${choice.reason}; ${withoutBfloat16}` : choice.reason,
      isFallback: lacksBfloat16,
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return inTensorFlow({ reason, isFallback: true })
  }
}

async function chooseRuntime(
  tf: Runtime,
  folder: string,
  precision: NetworkPrecision,
  options: NetworkOptions,
): Promise<Fastest> {
  const { runtime } = options
  if (runtime === 'tensorflow') return { runtime, reason: 'as set', isFallback: false }
  if (!hasOpenVino()) {
    const usesGpu = readInstallation().kind === 'cuda' && runtime === 'auto'
    const reason = usesGpu
      ? 'OpenVINO does not use the GPU'
      : 'OpenVINO is not installed; `npm run setup` installs it where there is one'
    return { runtime: 'tensorflow', reason, isFallback: !usesGpu }
  }
  if (runtime === 'openvino') return { runtime, reason: 'as set', isFallback: false }
  if (precision === 'bf16') {
    return { runtime: 'openvino', reason: 'only OpenVINO computes in bf16', isFallback: false }
  }
  return findFastest(tf, folder, precision, options)
}

/** The graph is in float32; a quantized one computes 8-bit values in it. */
function inTensorFlowsTypes(
  asked: NetworkOptions['precision'],
  reason: string,
  isFallback: boolean,
) {
  const precision = asked === 'int8' ? ('int8' as const) : ('fp32' as const)
  return asked === 'bf16'
    ? { precision, reason: `${reason}; bf16 needs OpenVINO`, isFallback: true }
    : { precision, reason, isFallback }
}

const withoutBfloat16 = 'this processor has no instructions for bf16'

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
