import { existsSync } from 'node:fs'
import { engineMissing, installation } from './installation.js'

/** The full path of libxgboost, for whoever opens it. */
export function libxgboostPath(): string {
  const { xgboost } = installation()
  if (!existsSync(xgboost)) throw engineMissing(`libxgboost is missing: no ${xgboost}`)
  return xgboost
}
