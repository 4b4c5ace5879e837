import type { ErrorCode } from '../spec/error-codes.js'
import type { Problem } from '../spec/problem.js'

/** What to type where the server's own words name parameters of the API. */
const hints: Partial<Record<ErrorCode, string>> = {
  MODEL_REFERENCED: 'Here: --move-aliases-to VERSION, or --aliases to delete them.',
  NO_PREVIOUS_VERSION: 'Here: `trainyard models alias MODEL ALIAS VERSION`.',
  MODEL_NOT_FOUND: '`trainyard models ls` lists the models.',
  DATASET_NOT_FOUND: '`trainyard datasets ls` lists the data sets.',
}

export function hintOf({ code, detail }: Problem): string | null {
  if (detail.includes('unknownColumn=ignore')) return 'Here: --ignore-unknown-columns.'
  return hints[code] ?? null
}
