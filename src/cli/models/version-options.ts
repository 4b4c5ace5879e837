import type { Command } from 'commander'
import { usageError } from '../failure.js'
import { parseCount } from '../option-values.js'

export interface VersionFlags {
  modelVersion?: number
  alias?: string
}

/** Which version of a model a command means. `--version` is the program's own. */
export const addVersionOptions = (command: Command): Command =>
  command
    .option('--model-version <number>', 'this version; MODEL@3 means the same', parseCount)
    .option('--alias <alias>', 'the version that this alias names; MODEL@ALIAS means the same')

export interface ModelChoice {
  model: string
  /** Of requests. */
  query: { version?: number; alias?: string }
}

/** `NAME`, `NAME@3` or `NAME@ALIAS`, or a name with the options that say the same. */
export function chooseModel(text: string, { modelVersion, alias }: VersionFlags): ModelChoice {
  const at = text.indexOf('@')
  const model = at < 0 ? text : text.slice(0, at)
  const named = at < 0 ? undefined : text.slice(at + 1)
  if (named === '') throw usageError(`'${text}' names no version; expected MODEL@3 or MODEL@ALIAS`)
  const isNumber = named !== undefined && /^[1-9]\d*$/.test(named)
  const versions = [modelVersion, isNumber ? Number(named) : undefined]
  const aliases = [alias, isNumber ? undefined : named]
  const isGiven = <T>(value: T | undefined): value is T => value !== undefined
  const [version, ...others] = versions.filter(isGiven)
  const [name, ...more] = aliases.filter(isGiven)
  if (others.length + more.length > 0 || (isGiven(version) && isGiven(name))) {
    throw usageError('name one version: by MODEL@VERSION, by --model-version or by --alias')
  }
  return {
    model,
    query: { ...(isGiven(version) && { version }), ...(isGiven(name) && { alias: name }) },
  }
}
