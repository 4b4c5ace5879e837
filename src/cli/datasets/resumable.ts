import type { Client } from '../../client/client.js'
import type { LocalContent } from '../../client/local/content.js'
import type { KeptState } from './kept-state.js'

export interface SendEvents {
  onSent: (bytes: number) => void
  /** An earlier run has sent so many bytes. */
  onResumed: (bytes: number) => void
  /** What the next run must know cannot be kept, for this reason. */
  onNotKept: (reason: string) => void
  onLost: (error: unknown) => void
  onBack: () => void
}

export interface SendParts {
  client: Client
  url: string
  kept: KeptState
  signal: AbortSignal
  events: SendEvents
}

/**
 * Sends a content from where an earlier run of the same command ended, if the server still has that. Returns the id of
 * the upload.
 */
export async function sendResumable(content: LocalContent, parts: SendParts): Promise<string> {
  const { client, url, kept, signal, events } = parts
  const about = ['upload', url, content.fingerprint]
  const upload = await kept.get(about)
  let isFirst = true
  return client.uploads.send(content, {
    signal,
    upload,
    onLost: events.onLost,
    onBack: events.onBack,
    onBegun: async id => {
      const reason = await kept.set(about, id)
      if (reason !== null) events.onNotKept(reason)
    },
    onSent: bytes => {
      if (isFirst && bytes > 0 && upload !== null) events.onResumed(bytes)
      isFirst = false
      events.onSent(bytes)
    },
  })
}

export const forgetUpload = (
  content: LocalContent,
  { kept, url }: Pick<SendParts, 'kept' | 'url'>,
) => kept.delete(['upload', url, content.fingerprint])
