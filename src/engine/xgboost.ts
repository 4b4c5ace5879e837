import { existsSync } from 'node:fs'
import { engineMissing, readInstallation } from './installation.js'

/** The full path of libxgboost, for whoever opens it. */
export function libxgboostPath(): string {
  const { xgboost } = readInstallation()
  if (!existsSync(xgboost)) throw engineMissing(`libxgboost is missing: no ${xgboost}`)
  return xgboost
}
