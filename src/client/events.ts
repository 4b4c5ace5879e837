import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { chunksOf } from './body-chunks.js'
import type { Caller, CallOptions } from './caller.js'

/** The events of one answer. */
export async function* readEvents(
  caller: Caller,
  path: string,
  options: CallOptions = {},
): AsyncGenerator<EventSourceMessage> {
  const headers = { accept: 'text/event-stream' }
  const response = await caller.request('GET', path, { ...options, headers, isStream: true })
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: event => void events.push(event) })
  const decoder = new TextDecoder()
  for await (const chunk of chunksOf(response)) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    yield* events.splice(0)
  }
}
