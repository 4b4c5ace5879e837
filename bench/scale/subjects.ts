import { fileURLToPath } from 'node:url'
import { engineEnvironment } from '../../src/engine/environment.js'
import type { Program } from '../subject.js'

/** A batch at once, which is what others are compared with; as two micro-batches; and each of these on a device. */
const jobs: Readonly<Record<string, readonly [shards: number, devices: number]>> = {
  trainyard: [1, 1],
  '2 shards, 1 device': [2, 1],
  '2 shards, 2 devices': [2, 2],
}

/** The update of the weights alone, with the sum of as many gradients. */
export const exchanges: Readonly<Record<string, number>> = {
  'update, 1 gradient': 1,
  'update, 2 gradients of 2 devices': 2,
}

export function scalePrograms(threads: number): ReadonlyMap<string, Program> {
  const env = engineEnvironment({ cores: threads })
  const program = (script: string, args: readonly string[]): Program => ({
    command: process.execPath,
    args: [fileURLToPath(new URL(script, import.meta.url)), ...args],
    env,
  })
  return new Map([
    ...Object.entries(jobs).map(([name, [shards, devices]]): [string, Program] => [
      name,
      program('../train/trainyard.js', ['--shards', `${shards}`, '--devices', `${devices}`]),
    ]),
    ...Object.entries(exchanges).map(([name, gradients]): [string, Program] => [
      name,
      program('exchange.js', [`${gradients}`]),
    ]),
  ])
}
