import { existsSync } from 'node:fs'
import { engineMissing, readInstallation } from './installation.js'

/** Full path of libxgboost. Throws if set-up has not installed it. */
export function libxgboostPath(): string {
  const { xgboost } = readInstallation()
  if (!existsSync(xgboost)) throw engineMissing(`libxgboost is missing: no ${xgboost}`)
  return xgboost
}
