import { join } from 'node:path'
import { pythonProgram } from '../../peer.js'
import { summarize } from '../../statistics.js'
import { Subject } from '../../subject.js'
import type { Ready } from '../../subject-protocol.js'
import { pythonOf } from '../../venv.js'
import { pythonFolder } from './peers.js'
import type { NetworkInput } from './served-network.js'

/** OpenVINO without a server, decoding included. */
export interface RawRate {
  versions: Ready['versions']
  imagesPerSecond: number
  /** Of an image alone. */
  singleMs: number
}

const batch = 8

/** Measures it in a process of its own, while no server runs. */
export async function measureRaw(
  { network, side, threads }: NetworkInput,
  precision: 'fp32' | 'bf16',
  seconds: number,
): Promise<RawRate> {
  const python = await pythonOf('serve-openvino', 'cpu')
  const program = pythonProgram(python, [join(pythonFolder, 'raw_openvino.py')], threads)
  const files = network.probes.map(({ path }) => path)
  const measure = async (size: number) => {
    const subject = new Subject(program)
    try {
      const request = { model: network.onnx, precision, side, threads, files, batch: size }
      const { versions } = await subject.prepare<Ready>(request)
      const [first] = await subject.steps(1)
      const count = Math.max(3, Math.round((seconds * 1000) / first!))
      return { versions, ms: summarize(await subject.steps(count)).medianMs }
    } finally {
      subject.kill()
    }
  }
  const single = await measure(1)
  const many = await measure(batch)
  return {
    versions: many.versions,
    imagesPerSecond: Math.max((batch / many.ms) * 1000, 1000 / single.ms),
    singleMs: single.ms,
  }
}
