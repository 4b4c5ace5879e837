import { existsSync, readdirSync } from 'node:fs'
import { onPath } from './child.mjs'

/** Looks at the driver's own files: the fast path of every start must not wait for nvidia-smi. */
export function hasNvidiaGpu() {
  try {
    if (readdirSync('/proc/driver/nvidia/gpus').length > 0) return true
  } catch {
    // no driver, or a container that does not show it
  }
  return existsSync('/dev/nvidia0') || (existsSync('/dev/dxg') && Boolean(onPath('nvidia-smi')))
}
