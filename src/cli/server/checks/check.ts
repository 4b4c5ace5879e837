/** What `trainyard doctor` has found. */
export interface Check {
  name: string
  /** Only `failed` makes the exit code 1. */
  status: 'ok' | 'warning' | 'failed'
  detail: string
  /** What helps; null if nothing has to be done. */
  cure: string | null
}

export const ok = (name: string, detail: string): Check => ({
  name,
  status: 'ok',
  detail,
  cure: null,
})

export const warning = (name: string, detail: string, cure: string): Check => ({
  name,
  status: 'warning',
  detail,
  cure,
})

export const failed = (name: string, detail: string, cure: string): Check => ({
  name,
  status: 'failed',
  detail,
  cure,
})
