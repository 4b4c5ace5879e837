/** A request that is sent again and again. */
export interface ServeCase {
  name: string
  rows: number
  format: 'json' | 'csv'
  /** How many clients send it at the same time. */
  clients: readonly number[]
}

export const cases: readonly ServeCase[] = [
  { name: 'trees-1', rows: 1, format: 'json', clients: [1, 16] },
  { name: 'trees-1000', rows: 1000, format: 'json', clients: [1, 4] },
  { name: 'trees-1000-csv', rows: 1000, format: 'csv', clients: [1, 4] },
]
