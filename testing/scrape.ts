import type { TestServer } from './test-server.js'

/** The samples of `GET /metrics`: `name{labels}` → value. */
export async function scrape({ api }: Pick<TestServer, 'api'>): Promise<Map<string, number>> {
  const { status, text } = await api.get('/metrics')
  if (status !== 200) throw new Error(`GET /metrics: ${status}: ${text}`)
  const lines = text.split('\n').filter(line => line && !line.startsWith('#'))
  return new Map(
    lines.map(line => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}
