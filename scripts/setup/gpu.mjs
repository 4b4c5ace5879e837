import { existsSync, readdirSync } from 'node:fs'
import { onPath } from './child.mjs'

/** Looks for the driver's files, since nvidia-smi is too slow for every start. */
export function hasNvidiaGpu() {
  try {
    if (readdirSync('/proc/driver/nvidia/gpus').length > 0) return true
  } catch {
    // no driver, or a container without access to it
  }
  return existsSync('/dev/nvidia0') || (existsSync('/dev/dxg') && Boolean(onPath('nvidia-smi')))
}
